"""A file that somebody filled in: which kind it is, and what is said of one that cannot be read."""

import csv
import io

import pytest

from subs_assets.equivalence import review_file as of_equivalences
from subs_assets.review import sheet
from subs_assets.review.sheet import RefusedFile, Sheet, read_sheet
from subs_assets.substitution import review_file as of_substitutions

NEEDED = {"equivalence": of_equivalences.NEEDED, "substitution": of_substitutions.NEEDED}
KINDS = pytest.mark.parametrize("kind", NEEDED)


def written(*rows: dict[str, str], columns: tuple[str, ...] = of_equivalences.NEEDED, separator: str = ",") -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", delimiter=separator, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def refused(content: bytes) -> list[str]:
    with pytest.raises(RefusedFile) as caught:
        read_sheet(content, NEEDED)
    return caught.value.problems


@KINDS
@pytest.mark.parametrize("separator", list(sheet.SEPARATORS))
def test_a_file_is_known_by_its_header(kind: str, separator: str) -> None:
    columns = ("score", *reversed(NEEDED[kind]))
    content = written({"reason": "a, b; c", "verdict": " Accept "}, columns=columns, separator=separator)
    row = {**dict.fromkeys(columns, ""), "reason": "a, b; c", "verdict": "Accept"}
    assert read_sheet(content.encode(), NEEDED) == Sheet(kind, [(2, row)])


@KINDS
def test_what_a_header_lacks_is_said_for_the_kind_that_it_is_nearest(kind: str) -> None:
    content = written(columns=tuple(name for name in NEEDED[kind] if name != "reason"))
    assert refused(content.encode()) == [f"its first row lacks the columns reason of a queue of {kind}s"]


@pytest.mark.parametrize("torn", ['aldi,"[" x', 'aldi,"['])
def test_what_is_no_csv_is_told_where_it_begins(torn: str) -> None:
    rows = read_sheet((written({"reason": "ok"}) + torn).encode(), NEEDED).rows
    (number, problem) = rows[-1]
    assert number == 3 and str(problem).startswith("it is no CSV from here on")


def test_a_file_of_no_kind_is_told_both() -> None:
    assert [problem.split(" of a queue of ")[1] for problem in refused(b"PK\x03\x04 a workbook")] == [
        "equivalences",
        "substitutions",
    ]


def test_a_file_of_both_kinds_is_refused() -> None:
    both = written(columns=tuple(dict.fromkeys([*NEEDED["equivalence"], *NEEDED["substitution"]])))
    (problem,) = refused(both.encode())
    assert problem == "its first row has the columns of equivalences and substitutions both: write a file for each"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"\xef\xbb\xbf \r\n", "it is empty"),
        (
            written({"reason": "ok"}, {"reason": "Käse"}).encode("cp1252"),
            "it is not UTF-8 (line 3): in Excel save it as",
        ),
        (written({"reason": "ok"}).encode("utf-16"), "it is not UTF-8 (line 1)"),
        (b"verdict,relation\n", "lacks the columns company_slug, path, target_company_slug, target_path, reason"),
        (written({"reason": "ok"}).replace("relation", "verdict").encode(), "lacks the columns relation"),
        (written({"reason": "ok"}).replace("reason", "reason,path").encode(), "has the columns path more than once"),
    ],
)
def test_a_bad_file_says_what_it_is(content: bytes, says: str) -> None:
    problems = refused(content)
    assert any(says in problem for problem in problems), problems


def test_a_huge_file_says_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "MOST_BYTES", 2**20)
    assert refused(b"x" * (2**20 + 1)) == ["it is larger than 1 MB, which no queue is; take it in parts"]
