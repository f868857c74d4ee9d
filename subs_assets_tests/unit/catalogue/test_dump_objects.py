import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from subs_assets.catalogue import dump_objects
from subs_assets.catalogue.dump_objects import BrokenDump, read_values


def values_of(content: bytes, folder: Path, name: str = "dump.json") -> list[Any]:
    path = folder / name
    path.write_bytes(content)
    read = list(read_values(path))
    assert [row for row, _ in read] == list(range(1, len(read) + 1))
    return [value for _, value in read]


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b"[]", []),
        (b' [ {"a": 1} ,\r\n {"b": [2.5, null]} ] \n', [{"a": 1}, {"b": [2.5, None]}]),
        (b'{"a": 1}\n\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\r\n', [{"a": 1}]),
        (b'\xef\xbb\xbf[{"a": "M\xc3\xbcsli \\ud83d\\ude00"}]', [{"a": "Müsli 😀"}]),
        (b'[{"a": 1e5, "b": 1.10, "c": Infinity}]', [{"a": 1e5, "b": 1.1, "c": float("inf")}]),
        (b'[{"a": 123456789012345678901234567890}]', [{"a": 123456789012345678901234567890}]),
    ],
)
def test_values_come_one_by_one(tmp_path: Path, content: bytes, values: list[Any]) -> None:
    assert values_of(content, tmp_path) == values
    assert values_of(gzip.compress(content), tmp_path, "dump.json.gz") == values
    assert values_of(zstandard.compress(content), tmp_path, "dump.jsonl.zst") == values


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"[", "ends after row 0"),
        (b'[{"a": 1}', "ends after row 1, in the middle of its array: it is cut"),
        (b'[{"a": 1},', "ends after row 1"),
        (b'[{"a": 1}, {"b": tr', "ends in the middle of row 2: it is cut; deliver it again"),
        (b'[{"a": 1}, {"b": "x', "ends in the middle of row 2"),
        (b'[{"a": 1} {"b": 2}]', "after row 1 a comma is missing"),
        (b'[{"a": 1}, {"b" 2}, {"c": 3}, {"d": 4}]', "row 2 is no JSON: Expecting ':' delimiter before '2}, "),
        (b'[{"a": 1}] and more', "goes on after the end of its array"),
        (b"Traceback (most recent call last):", "row 1 is no JSON"),
        (b'[{"a": 1}, {"a": "M\xfcsli"}]', "is not UTF-8 (invalid start byte at byte 20, near row 2)"),
        (b'[{"a": 1}, {"a": "M\xc3', "is not UTF-8 (unexpected end of data at byte 20, near row 2)"),
        ('[{"a": 1}]'.encode("utf-16"), "PowerShell"),
        (b'[{"a": 1, "a": 2}]', "row 1 cannot be read: the name 'a' stands twice"),
        (b'[{"a": 0.1000000000000000055511151231257827}]', "has more digits than a double holds"),
        (b'[{"a": 1e999}]', "has more digits than a double holds"),
        (b'[{"a":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_file_says_where(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(BrokenDump) as raised:
        values_of(content, tmp_path)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("name", "compress"),
    [("a.json.gz", gzip.compress), ("a.json.zst", zstandard.ZstdCompressor(write_checksum=True).compress)],
)
def test_a_cut_or_damaged_compressed_file_says_so(tmp_path: Path, name: str, compress: Any) -> None:
    whole = compress(json.dumps([{"a": str(number)} for number in range(5000)]).encode())
    for content in (whole[:-1], whole[: len(whole) // 2], whole[:200] + b"\xff" * 40 + whole[240:]):
        with pytest.raises(BrokenDump, match=r"truncated|damaged|cannot be read|no JSON|not UTF-8"):
            values_of(content, tmp_path, name)


def test_a_file_that_is_gone_says_so(tmp_path: Path) -> None:
    with pytest.raises(BrokenDump, match="cannot be read"):
        list(read_values(tmp_path / "gone.json"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(
    values=st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=5), chunk=st.integers(1, 40), data=st.data()
)
def test_chunks_decide_nothing(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], chunk: int, data: st.DataObject
) -> None:
    """Wherever the text is cut between two reads: in a number, an escape, half a character."""
    folder = tmp_path_factory.mktemp("dump")
    is_array = data.draw(st.booleans())
    ascii_only = data.draw(st.booleans())
    # What is no Unicode text can be written only escaped.
    texts = [json.dumps(value, ensure_ascii=True) for value in values]
    if not ascii_only:
        texts = [json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode() for value in values]
        values = [json.loads(text) for text in texts]
    content = f"[{', '.join(texts)}]" if is_array else "\n".join(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dump_objects, "CHUNK", chunk)
        if not content:
            return
        assert values_of(content.encode(), folder) == values
