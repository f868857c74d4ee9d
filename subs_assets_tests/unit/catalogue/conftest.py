"""Companies on disk: a folder with a source.yaml and whatever files a test writes into it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from subs_assets.catalogue.source import Source, read_source

FIELDS = {"sku": "sku", "name": "name", "price": "price", "categories": [{"list": "path"}]}

WriteCompany = Callable[..., Source]


def product(sku: str, **changes: Any) -> dict[str, Any]:
    """A row as the tests' companies write it."""
    return {"sku": sku, "name": f"Oats {sku} 500g", "price": 2.5, "path": ["Pantry", "Oats"], **changes}


def json_lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def write_company(tmp_path: Path) -> WriteCompany:
    """``write_company({"a.jsonl": b"..."}, format="jsonl")`` writes the folder and reads its source.yaml."""

    def write(contents: dict[str, bytes], slug: str = "aldi", **changes: Any) -> Source:
        folder = tmp_path / slug
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        document: dict[str, Any] = {
            "company": {"name": slug.title()},
            "currency": "AUD",
            "files": sorted(contents),
            "format": "jsonl",
            "fields": FIELDS,
            **changes,
        }
        (folder / "source.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
        source = read_source(folder / "source.yaml")
        assert isinstance(source, Source), source
        return source

    return write
