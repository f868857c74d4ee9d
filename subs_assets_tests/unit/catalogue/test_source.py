import os
from pathlib import Path

import pytest
import yaml

from subs_assets.catalogue.companies import find_sources, missing_catalogues
from subs_assets.catalogue.source import BrokenSource, Source, read_source

GOOD = {
    "company": {"name": "Aldi"},
    "currency": "AUD",
    "files": ["*.jsonl"],
    "format": "jsonl",
    "fields": {"sku": "id", "name": "name"},
}
DUMP = {"format": "django", "model": "a.b"}


def write(folder: Path, document: object, slug: str = "aldi") -> Path:
    path = folder / slug / "source.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document), encoding="utf-8")
    return path


def test_a_good_source(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, GOOD))
    assert isinstance(source, Source)
    assert (source.company_slug, source.company_name, source.folder) == ("aldi", "Aldi", (tmp_path / "aldi").resolve())


def test_the_slug_may_differ_from_the_folder(tmp_path: Path) -> None:
    source = read_source(write(tmp_path, {**GOOD, "company": {"name": "Aldi", "slug": "aldi_au"}}))
    assert source.company_slug == "aldi_au"


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"feilds": {}}, 'unknown key "feilds"; allowed here: company, currency, folder, files'),
        ({"fields": {"sku": "a", "name": "b", "colour": "c"}}, 'unknown key "fields.colour"; allowed here: sku, name'),
        (
            {"fields": {"sku": {"colum": "a"}, "name": "b"}},
            'unknown key "fields.sku.colum"; allowed here: column, constant',
        ),
        ({"fields": {"sku": "a"}}, 'the key "fields.name" is missing'),
        ({"fields": {"sku": {"optional": True}, "name": "b"}}, "give either column or constant"),
        ({"fields": {"sku": "a", "name": "b", "size": {"quantity": "q"}}}, "give either column, or quantity and unit"),
        ({"fields": {"sku": "a", "name": "b", "categories": [{"list": "a", "text": "b"}]}}, "give exactly one of"),
        ({"fields": {"sku": "a", "name": "b", "categories": [{"text": "b"}]}}, "text needs a separator"),
        ({"format": "xlsx"}, "format: Input should be 'jsonl', 'json', 'csv', 'parquet' or 'django'"),
        ({"format": "django"}, "needs a model"),
        ({"format": "django", "model": "a.b", "array": "items"}, "array is for the format json"),
        ({"related": {"brand": "a.b"}}, "related and only are for the format django"),
        ({"only": {"company": 1}}, "related and only are for the format django"),
        ({**DUMP, "related": {"price": {"model": "a.c", "key": "b"}}}, "related.price: give key and newest together"),
        ({**DUMP, "related": {"a.b": {"model": "a.c", "key": "b", "newest": "d"}}}, "give it a name without dots"),
        (
            {**DUMP, "related": {"price": {"modell": "a.c"}}},
            'unknown key "related.price.modell"; allowed here: model, key',
        ),
        ({"currency": "dollars"}, "currency"),
        ({"files": ["../secret.jsonl"]}, "leaves the folder"),
        ({"files": ["/etc/passwd"]}, "leaves the folder"),
        ({"files": []}, "files"),
        ({"company": {"name": "Aldi", "slug": "Aldi Süd"}}, "is no slug"),
        ({"folder": "${NO_SUCH_CATALOGUES}/aldi"}, "environment variable NO_SUCH_CATALOGUES, which is not set"),
    ],
)
def test_a_broken_source_says_what_is_wrong(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    source = read_source(write(tmp_path, {**GOOD, **changes}))
    assert isinstance(source, BrokenSource)
    assert source.company_slug == "aldi"
    assert said in source.problem
    assert source.problem.startswith("aldi/source.yaml: ")


@pytest.mark.parametrize("text", ["", "- a list", "company: [", "company: !!python/object:os.system {}", "a: *b"])
def test_a_source_that_is_no_mapping(tmp_path: Path, text: str) -> None:
    assert isinstance(read_source(write(tmp_path, text)), BrokenSource)


def test_a_source_that_is_not_utf_8(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_bytes(b"company: {name: M\xfcller}")
    source = read_source(path)
    assert isinstance(source, BrokenSource)
    assert "not UTF-8" in source.problem


def test_the_folder_may_name_an_environment_variable(tmp_path: Path) -> None:
    path = write(tmp_path, {**GOOD, "folder": "${MY_CATALOGUES}/au/aldi"})
    source = read_source(path, {"MY_CATALOGUES": os.fspath(tmp_path / "real")})
    assert isinstance(source, Source)
    assert source.folder == (tmp_path / "real" / "au" / "aldi").resolve()


def test_find_sources_in_several_folders(tmp_path: Path) -> None:
    write(tmp_path / "one", GOOD, "coles")
    write(tmp_path / "two", GOOD, "aldi")
    write(tmp_path / "two", "nonsense", "Iga North")
    (tmp_path / "two" / "no_source").mkdir()
    sources = find_sources([tmp_path / "one", tmp_path / "two", tmp_path / "absent"])
    assert list(sources) == ["aldi", "coles", "iga_north"]
    assert isinstance(sources["iga_north"], BrokenSource)


def test_one_slug_twice_is_a_broken_source(tmp_path: Path) -> None:
    write(tmp_path / "one", GOOD)
    write(tmp_path / "two", GOOD)
    source = find_sources([tmp_path / "one", tmp_path / "two"])["aldi"]
    assert isinstance(source, BrokenSource)
    assert "both describe the company aldi" in source.problem


def test_catalogues_that_are_missing_are_named_with_the_remedy(tmp_path: Path) -> None:
    write(tmp_path / "one", GOOD)
    (tmp_path / "bare").mkdir()
    assert missing_catalogues([tmp_path / "one", tmp_path / "bare"]) is None
    none_there = missing_catalogues([tmp_path / "bare"])
    assert none_there is not None and none_there.startswith(
        f"no catalogues in {tmp_path / 'bare'}: name a folder that "
    )
    not_mounted = missing_catalogues([tmp_path / "one", tmp_path / "absent"])
    assert not_mounted is not None and not_mounted.startswith(
        f"there is no folder of catalogues at {tmp_path / 'absent'}: "
    )
    assert "<company>/source.yaml in SUBS_CATALOGUES" in none_there and "<company>/source.yaml" in not_mounted
