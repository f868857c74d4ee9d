"""Files and a source.yaml that somebody wrote to do harm: each fails its own company with a sentence, in bounded
memory, and is neither waited for nor followed to where it leads."""

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import yaml
import zstandard

from subs_assets.catalogue import company, decompression, django_rows, dump_objects, readers
from subs_assets.catalogue.companies import find_sources
from subs_assets.catalogue.company import read_company
from subs_assets.catalogue.delivery import delivered
from subs_assets.catalogue.source import SOURCE_FILE, BrokenSource, Source, read_source
from subs_assets.catalogue.validate import parse_price
from subs_assets_tests.unit.catalogue.conftest import FIELDS, WriteCompany, json_lines, product

DUMP = {"format": "django", "model": "shop.product", "fields": {"sku": "pk", "name": "name"}}
GOOD: dict[str, Any] = {
    "company": {"name": "Aldi"},
    "currency": "AUD",
    "files": ["a.jsonl"],
    "format": "jsonl",
    "fields": FIELDS,
}


def problem_of(source: Source) -> str:
    problem = read_company(source).problem
    assert problem is not None
    return problem


@contextmanager
def within(seconds: int) -> Iterator[None]:
    """What waits for ever fails instead."""

    def fail(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def make_pipe(path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("Windows has no pipes among its files")
    os.mkfifo(path)


def link(path: Path, target: Path) -> None:
    try:
        path.symlink_to(target)
    except OSError:
        pytest.skip("links cannot be made here (on Windows that takes developer mode)")


def test_a_bomb_is_read_in_bounded_memory(write_company: WriteCompany) -> None:
    """131 kilobytes that are four gigabytes, in a process that may have two."""
    pytest.importorskip("resource", reason="the memory of a process can be limited on POSIX only")
    bomb = zstandard.compress(b"[]," * (2**27 // 3), 1) * 32
    source = write_company({"a.json.zst": bomb}, format="json")
    program = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_AS, (2 * 2**30,) * 2)\n"
        "from subs_assets.catalogue.readers import read_rows; from subs_assets.catalogue.source import read_source\n"
        "path = Path(sys.argv[1]); list(read_rows(path / 'a.json.zst', read_source(path / 'source.yaml')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(source.folder)],
        capture_output=True, text=True, encoding="utf-8", check=False, timeout=300,
    )  # fmt: skip
    assert "FileFailed: the file holds more than 128 MB, and json is read as a whole" in done.stderr


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_what_a_file_may_hold_is_limited(
    write_company: WriteCompany, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(decompression, "MOST_BYTES", 2**20)
    suffix = "gz" if pack is gzip.compress else "zst"
    assert read_company(write_company({f"a.jsonl.{suffix}": pack(json_lines(product("1")))})).problem is None
    assert "decompressed it is larger than 1 MB" in problem_of(
        write_company({f"a.jsonl.{suffix}": pack(json_lines(product("1")) + b" " * 2**22)})
    )


@pytest.mark.parametrize(
    "module, limit, most, contents, changes, said",
    [
        (readers, "MOST_BYTES", 40, {"a.jsonl": b"{}\n" * 14}, {}, "it is larger than 0 MB"),
        (readers, "MOST_LINES", 9, {"a.jsonl": json_lines(product("1")) + b"\n" * 9}, {}, "has more than 9 lines"),
        (readers, "MOST_BYTES_AT_ONCE", 40, {"a.json": b"[" + b" " * 50}, {"format": "json"}, "holds more than 0 MB"),
        (company, "MOST_SET_ASIDE", 9, {"a.jsonl": b"{}\n" * 10}, {}, "more than 9 of its rows cannot be used; the"),
        (
            company,
            "MOST_ROWS",
            2,
            {"a.jsonl": json_lines(product("1"), product("2")), "b.jsonl": json_lines(product("3"))},
            {},
            "b.jsonl: the company's files have more than 2 rows together",
        ),
        (dump_objects, "LONGEST_VALUE", 2**20, {"a.json": b'["' + b"x" * 2**23}, DUMP, "longer than 1,048,576 char"),
        (
            django_rows,
            "MOST_KEPT",
            2,
            {"a.json": b"[" + b",".join(b'{"model": "a.%d", "pk": 1, "fields": {}}' % n for n in range(9)) + b"]"},
            DUMP,
            "row 4: more than 2 objects are kept",
        ),
    ],
)
def test_what_is_kept_of_a_file_is_limited(
    write_company: WriteCompany,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    limit: str,
    most: int,
    contents: dict[str, bytes],
    changes: dict[str, Any],
    said: str,
) -> None:
    monkeypatch.setattr(module, limit, most)
    assert said in problem_of(write_company(contents, **changes))


def test_a_long_value_that_stands_in_every_row_of_a_parquet_file_is_read_a_few_at_a_time(
    write_company: WriteCompany, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = [product(str(sku), name="x" * 100_000) for sku in range(200)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    assert len(content) < 2**16
    monkeypatch.setattr(readers, "PARQUET_BYTES", 2**20)
    monkeypatch.setattr(readers, "MOST_BYTES", 5 * 2**20)
    problem = problem_of(write_company({"a.parquet": content}, format="parquet"))
    assert "its rows hold more than 5 MB; deliver it in parts (after 50 rows)" in problem


@pytest.mark.parametrize("document", [{"files": ["a.jsonl"]}, {"files": ["a.jsonl"], **DUMP}])
def test_a_pipe_is_not_waited_for(write_company: WriteCompany, document: dict[str, Any]) -> None:
    source = write_company({}, **document)
    make_pipe(source.folder / "a.jsonl")
    with within(30):
        assert "aldi/a.jsonl: it is no regular file" in problem_of(source)
        assert delivered(source) is None


def test_no_object_of_a_dump_is_taken_from_outside(write_company: WriteCompany, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_bytes(b'[{"model": "shop.product", "pk": 1, "fields": {"name": "Oats"}}]')
    source = write_company({}, **{**DUMP, "files": ["*.json"]})
    link(source.folder / "b.json", tmp_path / "b.json")
    assert "lies outside the company's folder" in problem_of(source)
    assert delivered(source) is None


def test_a_name_that_no_file_can_have(write_company: WriteCompany) -> None:
    assert "File name too long" in problem_of(write_company({}, files=["x" * 5000]))


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x"])
def test_a_link_that_does_not_lead_to_the_web_is_left_out(write_company: WriteCompany, url: str) -> None:
    links = ["https://shop.example/1", "/products/1", "HTTP://shop.example/1"]
    rows = [product(str(number), url=link) for number, link in enumerate([url, *links])]
    listings = read_company(write_company({"a.jsonl": json_lines(*rows)}, fields={**FIELDS, "url": "url"})).listings
    assert listings["url"].fillna("").tolist() == ["", *links]
    assert "does not lead to the web" in listings["repairs"][0]


def test_a_price_of_a_hundred_thousand_characters_is_not_pondered() -> None:
    assert parse_price("1" + " " * 130_000 + "!!") is None  # took a quarter of an hour


def alone_is_broken(folder: Path) -> str:
    """What is wrong with the company ``aldi`` of a folder; the other one is as good as it was."""
    (folder / "coles").mkdir()
    (folder / "coles" / SOURCE_FILE).write_text(yaml.safe_dump(GOOD), encoding="utf-8")
    sources = find_sources([folder])
    assert isinstance(sources["coles"], Source)
    assert isinstance(sources["aldi"], BrokenSource)
    return sources["aldi"].problem


@pytest.mark.parametrize(
    "text, said",
    [
        # These three ended PyYAML with AttributeError, IndexError and KeyError, and with it all companies.
        ("a: !!timestamp soon", "the tag tag:yaml.org,2002:timestamp is not taken"),
        ("a: !!int ''", "the tag tag:yaml.org,2002:int is not taken"),
        ("a: !!bool perhaps", "the tag tag:yaml.org,2002:bool is not taken"),
        ("a: !!python/object/apply:os.getcwd []", "is not taken"),
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]", "an alias (*) is not taken"),
        ("a: &a {b: 1}\nc: {<<: *a}", "an alias (*) is not taken"),
        ("folder: .\nfolder: x", 'the key "folder" stands twice'),
        ("a: " + "[" * 20_000, "recursion"),
        ("# " + "x" * 2**16, "is larger than 64 kB"),
        ("a: " + "9" * 5_000, "4300 digits"),
    ],
)
def test_a_source_yaml_of_tricks_breaks_its_own_company_only(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "aldi").mkdir()
    (tmp_path / "aldi" / SOURCE_FILE).write_text(text, encoding="utf-8")
    assert said in alone_is_broken(tmp_path)


def test_a_source_yaml_that_is_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "aldi").mkdir()
    make_pipe(tmp_path / "aldi" / SOURCE_FILE)
    with within(30):
        assert "is no file that can be read, but a pipe" in alone_is_broken(tmp_path)


def test_a_source_yaml_that_leads_elsewhere_shows_nothing_of_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("root: [x", encoding="utf-8")
    (tmp_path / "aldi").mkdir()
    link(tmp_path / "aldi" / SOURCE_FILE, tmp_path / "secret")
    assert (
        alone_is_broken(tmp_path)
        == "aldi/source.yaml: is a link that leads out of its folder; put the file itself there"
    )


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"folder": ".."}, 'the folder ".." lies outside the company\'s own folder'),
        ({"folder": "/"}, "lies outside the company's own folder"),
        ({"folder": "sub/../../coles"}, "lies outside the company's own folder"),
        ({"folder": "${SHOP_CATALOGUES}/.."}, "lies outside that of SHOP_CATALOGUES"),
        ({"folder": "${SHOP_CATALOGUES}x"}, "a variable stands at the beginning of folder"),
        ({"folder": "${PASSWORD}"}, "only one whose name ends in CATALOGUES says what may be read"),
        ({"folder": "./${PASSWORD}"}, "a variable stands at the beginning of folder"),
        ({"folder": "${SHOP_CATALOGUES}/${PASSWORD}"}, "a variable stands at the beginning of folder"),
        ({"files": ["../*/a.jsonl"]}, "leaves the folder"),
        ({"files": ["C:a.jsonl"]}, "leaves the folder"),
        ({"files": ["\\\\server\\share\\a.jsonl"]}, "leaves the folder"),
        ({"files": ["**.jsonl"]}, "is no pattern of file names"),
        ({"files": ["."]}, "is no pattern of file names"),
        ({"files": ["a\0b"]}, "is no pattern of file names"),
    ],
)
def test_no_file_is_read_that_nobody_allowed(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    (tmp_path / "aldi").mkdir()
    path = tmp_path / "aldi" / SOURCE_FILE
    path.write_text(yaml.safe_dump({**GOOD, **changes}), encoding="utf-8")
    shops = tmp_path / "shops"
    shops.mkdir()
    (tmp_path / "a.jsonl").write_bytes(json_lines(product("1")))
    (shops / "a.jsonl").write_bytes(json_lines(product("1")))
    source = read_source(path, {"PASSWORD": "hunter2", "SHOP_CATALOGUES": str(shops)})
    problem = source.problem if isinstance(source, BrokenSource) else problem_of(source)
    assert said in problem
    assert "hunter2" not in problem + str(source.folder)


def test_a_folder_that_is_a_link_leads_no_further_than_its_company(tmp_path: Path) -> None:
    (tmp_path / "aldi").mkdir()
    link(tmp_path / "aldi" / "inside", tmp_path)
    path = tmp_path / "aldi" / SOURCE_FILE
    path.write_text(yaml.safe_dump({**GOOD, "folder": "inside"}), encoding="utf-8")
    source = read_source(path)
    assert isinstance(source, BrokenSource)
    assert "lies outside" in source.problem
