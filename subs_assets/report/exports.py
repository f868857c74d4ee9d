"""Equivalences and substitutions as Parquet and CSV for other programs and for spreadsheets."""

import codecs
import re
from pathlib import Path

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.report.files import appearing

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for a formula (OWASP, "CSV Injection"), the full-width forms of East Asian ones
included."""

_STARTS = re.escape("".join(FORMULA_STARTS))
_CELL_BEGINS = f"(?:^|;)[{_STARTS}]"


def write_export(name: str, frame: pd.DataFrame, folder: Path) -> list[Path]:
    """Write ``<name>.parquet`` as it is and ``<name>.csv`` safe for spreadsheets; each file appears whole or not at
    all."""
    folder.mkdir(parents=True, exist_ok=True)
    parquet, csv = folder / f"{name}.parquet", folder / f"{name}.csv"
    with appearing(parquet) as unfinished:
        frame.to_parquet(unfinished, index=False)
    write_csv(frame, csv)
    return [parquet, csv]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """One file safe for spreadsheets, UTF-8 with a byte order mark, texts quoted; it appears whole or not at all."""
    import pyarrow
    import pyarrow.csv

    table = pyarrow.Table.from_pandas(formula_safe(frame), preserve_index=False)
    with appearing(path) as unfinished, unfinished.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        pyarrow.csv.write_csv(table, file)  # 350,000 substitutions in 0.3 s; pandas takes 3.5


def formula_safe(frame: pd.DataFrame) -> pd.DataFrame:
    """Texts that a spreadsheet would run get an apostrophe in front; numbers stay numbers.

    So does what comes after a semicolon within a text: where the computer's region has it as separator, a spreadsheet
    cuts the text there, quoted or not, because commas stand before it.
    """
    safe = frame.copy(deep=False)
    for name in safe.select_dtypes(include=["str", "object"]):
        risky = safe[name].str.contains(_CELL_BEGINS, regex=True).fillna(False).astype(bool)
        if risky.any():
            safe.loc[risky, name] = [re.sub(f"(^|;)([{_STARTS}])", r"\1'\2", text) for text in safe.loc[risky, name]]
    return safe


def without_guard(text: str) -> str:
    """The text that ``formula_safe`` put apostrophes into, or the text as it is.

    >>> without_guard("'-2 kg"), without_guard("a;'=b"), without_guard("'tis")
    ('-2 kg', 'a;=b', "'tis")
    """
    return re.sub(f"(^|;)'([{_STARTS}])", r"\1\2", text)


def digits_guarded(keys: pd.Series) -> pd.Series:
    """Keys that begin with a digit get an apostrophe in front: a spreadsheet would take them for numbers or dates, and
    write ``000000000000173130`` back as ``173130``."""
    return keys.where(~keys.str[:1].str.isdigit().fillna(False).astype(bool), "'" + keys)


def without_digits_guard(text: str) -> str:
    """The key that ``digits_guarded`` put an apostrophe in front of, or the text as it is.

    >>> without_digits_guard("'0017"), without_digits_guard("'tis")
    ('0017', "'tis")
    """
    return text[1:] if text.startswith("'") and text[1:2].isdigit() else text


def readable_equivalences(equivalences: pd.DataFrame) -> pd.DataFrame:
    """The mappings with paths as people write them beside the keys."""
    readable = equivalences.copy(deep=False)
    readable.insert(2, "category", equivalences["path"].map(category_path.readable))
    readable.insert(5, "target_category", equivalences["target_path"].map(category_path.readable))
    return readable


def named_substitutions(substitutions: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """The substitutions with the names of both products."""
    name = products.set_index("product_id")["name"]
    named = substitutions.copy(deep=False)
    named.insert(1, "product", name.reindex(substitutions["product_id"]).to_numpy())
    named.insert(4, "substitute", name.reindex(substitutions["substitute_id"]).to_numpy())
    return named
