"""What was found in texts last night: the same with it and without, whatever was edited, damaged or changed."""

import random
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from subs_assets import known_texts
from subs_assets.known_texts import KnownTexts


class Counting:
    """Lengths and initials of names; ``asked`` are those that it was given."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: pd.DataFrame) -> pd.DataFrame:
        self.asked = texts["name"].tolist()
        initial = texts["name"].str[:1].where(texts["price"].notna())
        return pd.DataFrame({"length": texts["name"].str.len().astype("Int64"), "initial": initial})


def texts(*names: str) -> pd.DataFrame:
    prices = [None if "free" in name else float(len(name)) for name in names]
    frame = pd.DataFrame({"name": pd.Series(names, dtype="str"), "price": pd.Series(prices, dtype="float64")})
    return frame.set_index(frame.index + 7)


def test_only_new_texts_are_looked_at_and_those_that_went_are_forgotten(tmp_path: Path) -> None:
    known, find = KnownTexts(tmp_path / "known"), Counting()
    for names, new in [
        (["oats", "milk", "oats", "free"], ["oats", "milk", "oats", "free"]),
        (["rye", "free", "milk", "oats"], ["rye"]),
        (["milk", "milk"], []),
        (["oats", "milk"], ["oats"]),
        ([], []),
        (["milk"], ["milk"]),
    ]:
        pd.testing.assert_frame_equal(
            known.find("words", texts(*names), find), Counting()(texts(*names).reset_index(drop=True))
        )
        assert find.asked == new


def test_each_name_has_a_file_of_its_own(tmp_path: Path) -> None:
    find = Counting()
    for name in ("aldi", "coles"):
        KnownTexts(tmp_path).find(name, texts("oats"), find)
        assert find.asked == ["oats"]


def test_without_a_folder_all_is_looked_at() -> None:
    find = Counting()
    for _ in range(2):
        KnownTexts().find("words", texts("oats"), find)
        assert find.asked == ["oats"]


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[random.Random(0).randrange(len(content))] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("damage", [_cut, _flip, lambda file: file.write_bytes(b""), Path.unlink])
def test_a_damaged_file_is_as_none(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    find = Counting()
    KnownTexts(tmp_path).find("words", texts("oats"), find)
    (file,) = tmp_path.iterdir()
    damage(file)
    found = KnownTexts(tmp_path).find("words", texts("oats"), find)
    assert found["length"].tolist() == [4] and find.asked == ["oats"]
    KnownTexts(tmp_path).find("words", texts("oats"), find)
    assert find.asked == []


def test_what_another_program_found_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = Counting()
    KnownTexts(tmp_path).find("words", texts("oats"), find)
    monkeypatch.setattr(known_texts, "program", lambda: "another")
    KnownTexts(tmp_path).find("words", texts("oats"), find)
    assert find.asked == ["oats"]
