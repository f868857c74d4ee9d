"""Each kind of bad row and bad file, as real files on disk: what is set aside, what fails, and that counts add up."""

import gzip
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from subs_assets.catalogue.company import CompanyCatalogue, read_company
from subs_assets.catalogue.readers import FIELD_LIMIT
from subs_assets_tests.unit.catalogue.conftest import WriteCompany, json_lines, product

CSV = {
    "format": "csv",
    "fields": {"sku": "sku", "name": "name", "price": "price", "categories": [{"columns": ["top", "sub"]}]},
}
NO_FILES = {"files": ["*.jsonl"]}
CSV_HEADER = b"sku,name,price,top,sub\n"


def counts(catalogue: CompanyCatalogue) -> tuple[int, int, int]:
    """(read, accepted, set aside) of all files, which must add up and agree with the frames."""
    files = catalogue.catalogue_files
    assert (files["accepted"] + files["set_aside"] == files["read"]).all()
    assert len(catalogue.listings) == files["accepted"].sum()
    assert (catalogue.set_aside_rows["line"] > 0).sum() == files["set_aside"].sum()
    return int(files["read"].sum()), int(files["accepted"].sum()), int(files["set_aside"].sum())


def only_bad_row(catalogue: CompanyCatalogue) -> tuple[int, str, str, str]:
    (row,) = catalogue.set_aside_rows.itertuples(index=False)
    return row.line, row.field, row.value, row.reason


@pytest.mark.parametrize(
    "bad, field, reason",
    [
        (product("", name="Oats"), "sku", "is missing"),
        ({"name": "Oats", "price": 1.0, "path": []}, "sku", "is missing"),
        (product("2", name=None), "name", "is missing"),
        (product("2", name="   "), "name", "is missing"),
        (product("2", name="<br/>"), "name", "is missing"),
        (product("2", name=["Oats"]), "name", "is no text"),
        (product("2", name="x" * 2000), "name", "has 2,000 characters; 1,000 are possible"),
        (product("2", price=-3.0), "price", "is negative"),
        (product("2", price="-3.00"), "price", "is negative"),
        (product("2", price=123456.0), "price", "is above 5,000"),
        (product("2", price="cheap"), "price", "is no number"),
        (product("2", price=True), "price", "is no number"),
        (product("2", price={"now": 3}), "price", "is no number"),
        (product("2", price="1e999"), "price", "is no number"),
        (product("2", path="Pantry > Oats"), "categories", "expected as a list"),
        (product("2", path=["Pantry", {"id": 3}]), "categories", "is no text"),
        (product("2", path=["x"] * 30), "categories", "30 levels"),
        (product("1"), "sku", "repeats line 1; row set aside"),
        (product("1", price=9.0), "sku", "stands in line 1 already, with another price"),
        (product("2", name="\ud800"), "name", "is not UTF-8"),
        (product("2", name="x" * (10 * 1024 * 1024)), "name", f"a field may have {FIELD_LIMIT:,}"),
        (product("2", story=["short", "x" * 200_000]), "story.1", "has 200,000 characters"),
    ],
)
def test_a_bad_row_is_set_aside_and_the_others_live(
    write_company: WriteCompany, bad: dict[str, Any], field: str, reason: str
) -> None:
    source = write_company({"a.jsonl": json_lines(product("1"), bad, product("3"))})
    catalogue = read_company(source)
    assert counts(catalogue) == (3, 2, 1)
    line, found_field, value, found_reason = only_bad_row(catalogue)
    assert (line, found_field) == (2, field)
    assert reason in found_reason
    assert not isinstance(value, str) or len(value) <= 200
    assert catalogue.problem is None
    assert list(catalogue.listings["sku"]) == ["1", "3"]
    assert list(catalogue.listings["line"]) == [1, 3]


@pytest.mark.parametrize(
    "line, reason",
    [
        (b"{not json}\n", "is no JSON"),
        (b'{"sku": "2", "name": "cut off\n', "is no JSON: Unterminated string starting at character 22"),
        (b'{"sku": "2", "price": NaN}\n', "NaN is no JSON number"),
        (b"[1, 2]\n", "is no JSON object"),
        (b'{"sku": "2", "name": "M\xfcsli", "price": 1}\n', "is not UTF-8"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
    ],
)
def test_a_line_that_is_no_row_is_set_aside(write_company: WriteCompany, line: bytes, reason: str) -> None:
    source = write_company({"a.jsonl": json_lines(product("1")) + line + b"\n" + json_lines(product("3"))})
    catalogue = read_company(source)
    assert counts(catalogue) == (3, 2, 1)
    assert only_bad_row(catalogue)[0] == 2
    assert reason in only_bad_row(catalogue)[3]
    assert list(catalogue.listings["line"]) == [1, 4]


@pytest.mark.parametrize(
    "line, reason",
    [
        (b'2,"Oats,1,Pantry,Oats\n"', "fields where the header has 5"),
        (b"2,Oats,1\n", "has 3 fields where the header has 5"),
        (b'2,"Oats" Bran,1,Pantry,Oats\n', "is no CSV row"),
        (b"2,M\xfcsli,1,Pantry,Oats\n", "is not UTF-8"),
        (b"2," + b"x" * (10 * 1024 * 1024) + b",1,Pantry,Oats\n", "field larger than field limit"),
        (b"2,Oats,1;99,Pantry,Oats\n", "is no number"),
    ],
)
def test_a_bad_csv_row_is_set_aside(write_company: WriteCompany, line: bytes, reason: str) -> None:
    content = CSV_HEADER + b"1,Oats,1.0,Pantry,Oats\n" + line + b"\n" + b"3,Bran,1.0,Pantry,\n"
    catalogue = read_company(write_company({"a.csv": content}, **CSV))
    assert counts(catalogue) == (3, 2, 1)
    assert only_bad_row(catalogue)[0] == 3
    assert reason in only_bad_row(catalogue)[3]
    assert list(catalogue.listing_categories["path"]) == ['["Pantry","Oats"]', '["Pantry"]']


def test_csv_with_mark_carriage_returns_and_lines_within_a_field(write_company: WriteCompany) -> None:
    content = b'\xef\xbb\xbfsku;name;price;top;sub\r\n1;"Oats\r\n500g";1,50;Pantry;Oats\r\n2;Bran;2,00;;\r\n'
    catalogue = read_company(write_company({"a.csv": content}, **CSV, delimiter=";"))
    assert counts(catalogue) == (2, 2, 0)
    listings = catalogue.listings
    assert list(listings["name"]) == ["Oats 500g", "Bran"]
    assert list(listings["price"]) == [1.5, 2.0]
    assert list(listings["line"]) == [2, 4]
    assert list(catalogue.listing_categories["path"]) == ['["Pantry","Oats"]', "[]"]


GOOD_LINES = json_lines(*(product(str(number)) for number in range(2000)))


@pytest.mark.parametrize(
    "name, content",
    [
        ("a.jsonl.gz", gzip.compress(GOOD_LINES)),
        ("a.jsonl.zst", zstandard.compress(GOOD_LINES)),
        ("a.jsonl", GOOD_LINES),
    ],
)
def test_compressed_files(write_company: WriteCompany, name: str, content: bytes) -> None:
    assert counts(read_company(write_company({name: content}))) == (2000, 2000, 0)


def test_a_zst_file_of_several_frames(write_company: WriteCompany) -> None:
    content = zstandard.compress(json_lines(product("1"))) + zstandard.compress(json_lines(product("2")))
    assert counts(read_company(write_company({"a.jsonl.zst": content}))) == (2, 2, 0)


@pytest.mark.parametrize("missing", [1, 4, 9, 1000])
@pytest.mark.parametrize(
    "name, content", [("a.jsonl.gz", gzip.compress(GOOD_LINES)), ("a.jsonl.zst", zstandard.compress(GOOD_LINES))]
)
def test_a_truncated_compressed_file_fails(
    write_company: WriteCompany, name: str, content: bytes, missing: int
) -> None:
    catalogue = read_company(write_company({name: content[:-missing]}))
    assert counts(catalogue) == (0, 0, 0)
    assert "is truncated" in (catalogue.problem or "")
    assert (catalogue.problem or "").startswith(f"aldi/{name}: ")


def test_a_checksum_of_zst_is_checked(write_company: WriteCompany) -> None:
    content = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(GOOD_LINES))
    content[-1] ^= 1
    assert "is damaged" in (read_company(write_company({"a.jsonl.zst": bytes(content)})).problem or "")


@pytest.mark.parametrize(
    "name, content, changes, problem",
    [
        ("a.jsonl", b"", {}, "the file is empty"),
        ("a.jsonl.gz", gzip.compress(b"", mtime=0), {}, "the file is empty"),  # named alike in every process
        ("a.jsonl.gz", b"", {}, "the file is empty"),
        ("a.jsonl.gz", b"not gzip at all", {}, "cannot be read"),
        ("a.jsonl.zst", b"not zstd at all", {}, "is damaged"),
        ("a.jsonl", b"\n\n", {}, "holds no row"),
        ("a.jsonl", "sku".encode("utf-16"), {}, "is UTF-16"),
        ("a.jsonl", b"no\njson\n", {}, "none of its rows can be used; the first: line 1"),
        ("a.csv", b"", CSV, "the file is empty"),
        ("a.csv", CSV_HEADER, CSV, "holds no row"),
        (
            "a.csv",
            b"sku,name,top,sub\n1,Oats,a,b\n",
            CSV,
            'the column "price" (price) is missing; the file has: sku, name',
        ),
        ("a.csv", CSV_HEADER + b'1,"Oats,1,a,b\n2,Bran,1,a,b\n', CSV, "opens in line 2 is never closed"),
        ("a.json", b"[{", {"format": "json"}, "is no JSON"),
        ("a.json", b'{"items": []}', {"format": "json"}, "holds no array at its top"),
        ("a.json", b'["M\xfcsli"]', {"format": "json"}, "is not UTF-8"),
        ("a.parquet", b"PAR1 no", {"format": "parquet"}, "is no Parquet file"),
        ("a.parquet", b"", {"format": "parquet"}, "the file is empty"),
        ("a.json", b"[]", {"format": "django", "model": "companies.product"}, "no object of the model"),
    ],
)
def test_a_bad_file_fails(
    write_company: WriteCompany, name: str, content: bytes, changes: dict[str, Any], problem: str
) -> None:
    catalogue = read_company(write_company({name: content}, **changes))
    assert counts(catalogue) == (0, 0, 0)
    assert problem in (catalogue.problem or "")
    assert list(catalogue.catalogue_files["status"]) == ["failed"]
    assert list(catalogue.set_aside_rows["line"]) == [0]


def test_a_column_that_no_row_has_fails_the_file(write_company: WriteCompany) -> None:
    rows = [{key: value for key, value in product(sku).items() if key != "price"} for sku in ("1", "2")]
    catalogue = read_company(write_company({"a.jsonl": json_lines(*rows)}))
    assert 'no row has the column "price"' in (catalogue.problem or "")


def test_an_optional_column_may_be_absent(write_company: WriteCompany) -> None:
    fields = {"sku": "sku", "name": "name", "barcode": {"column": "ean", "optional": True}}
    assert counts(read_company(write_company({"a.jsonl": json_lines(product("1"))}, fields=fields))) == (1, 1, 0)


def test_no_file_at_all(write_company: WriteCompany) -> None:
    catalogue = read_company(write_company({}, **NO_FILES))
    assert "aldi/*.jsonl: no file has this name" in (catalogue.problem or "")


def test_a_link_that_leaves_the_folder_is_refused(write_company: WriteCompany, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.jsonl").write_bytes(json_lines(product("1")))
    source = write_company({}, **NO_FILES)
    try:
        (source.folder / "a.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    except OSError:
        pytest.skip("links cannot be made here (on Windows that takes developer mode)")
    assert "lies outside the company's folder" in (read_company(source).problem or "")


def test_parquet_plain_and_compressed(write_company: WriteCompany, tmp_path: Path) -> None:
    table = pyarrow.Table.from_pylist([product("1"), product("2", price=-1.0)])
    pyarrow.parquet.write_table(table, tmp_path / "p.parquet")
    content = (tmp_path / "p.parquet").read_bytes()
    for name, data in (
        ("a.parquet", content),
        ("a.parquet.gz", gzip.compress(content)),
        ("a.parquet.zst", zstandard.compress(content)),
    ):
        catalogue = read_company(write_company({name: data}, format="parquet", slug=name.replace(".", "_")))
        assert counts(catalogue) == (2, 1, 1)
        assert only_bad_row(catalogue)[:2] == (2, "price")
        assert list(catalogue.listing_categories["path"]) == ['["Pantry","Oats"]']


SPICE = st.sampled_from(
    [
        b'{"sku": "1", "name": "Oats", "price": 1, "path": []}',
        b"\n",
        b"\r\n",
        b'"',
        b",",
        b"sku,name,price,top,sub\n",
        b"\xff",
        b"{",
        b"[",
    ]
)
GARBAGE = st.lists(SPICE | st.binary(max_size=20), max_size=30).map(b"".join)


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    garbage=GARBAGE,
    kind=st.sampled_from(["jsonl", "csv", "json", "parquet"]),
    packing=st.sampled_from(["", ".gz", ".zst", ".gz!"]),
)
def test_counts_add_up_whatever_the_file_holds(
    write_company: WriteCompany, garbage: bytes, kind: str, packing: str
) -> None:
    content = {".gz": gzip.compress, ".zst": zstandard.compress}.get(packing, bytes)(garbage)
    name = f"a.{kind}{packing.rstrip('!')}"
    catalogue = read_company(write_company({name: content}, **({**CSV} if kind == "csv" else {"format": kind})))
    counts(catalogue)
    assert catalogue.problem is not None or len(catalogue.listings)
