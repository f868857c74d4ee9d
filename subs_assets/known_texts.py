"""What was found in texts is known the next night, so that only new ones are looked at; what is looked for is not
known here."""

import hashlib
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from subs_assets.made_from import is_program_as_loaded, program

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class KnownTexts:
    """``folder`` holds a file for each ``name``: what was found the last time. None: nothing is known, nothing kept.

    A file that is damaged, or was written by another version of the program, is as none.
    """

    folder: Path | None = None

    def find(self, name: str, texts: pd.DataFrame, found_in: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
        """``found_in(texts)``, computed only of the rows that were not there the last time; a fresh RangeIndex.

        ``found_in`` gives a row for each row, by what stands in that row alone, with the same dtypes whatever it is
        given; of one ``name`` the columns are always the same.
        """
        texts = texts.reset_index(drop=True)
        if self.folder is None:
            return found_in(texts)
        file = self.folder / f"{name}.known"
        known = _read(file)
        found = found_in(texts) if known is None else _found(texts, known, found_in)
        _write(file, pd.concat([texts, found], axis=1))
        return found


NOTHING_KNOWN = KnownTexts()


def _found(texts: pd.DataFrame, known: pd.DataFrame, found_in: Callable[[pd.DataFrame], pd.DataFrame]) -> pd.DataFrame:
    """``known``: distinct rows of the columns of ``texts`` and what was found in them."""
    keys = list(texts)
    place = texts.merge(known[keys].assign(place=np.arange(len(known))), on=keys, how="left")["place"]
    new = place.isna().to_numpy()
    fresh = found_in(texts[new].reset_index(drop=True))
    every = pd.concat([known.drop(columns=keys), fresh], ignore_index=True)
    rows = np.where(new, len(known) - 1 + np.cumsum(new), place.fillna(0)).astype(np.intp)
    return every.iloc[rows].reset_index(drop=True)


def _read(file: Path) -> pd.DataFrame | None:
    try:
        content = file.read_bytes()
    except OSError:
        return None
    seal, parquet = content[:32], content[32:]
    return pd.read_parquet(io.BytesIO(parquet)) if seal == _seal(parquet) else None


def _write(file: Path, known: pd.DataFrame) -> None:
    """What cannot be kept is found out again, and so is what was found while the program was changed."""
    if not is_program_as_loaded():
        return
    parquet = known.drop_duplicates().to_parquet(None, index=False, compression="lz4")
    unfinished = file.with_name(f"{file.name}.unfinished")  # of one writer: a run holds the run lock
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(_seal(parquet) + parquet)
        unfinished.replace(file)
    except OSError as error:
        logger.warning("%s cannot be written (%s): the next run looks at the same texts again.", file, error)


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(program().encode() + content).digest()
