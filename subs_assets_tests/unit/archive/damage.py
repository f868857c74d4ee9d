"""Damages archives at random places, a bit or a file at a time, and sees that each damage is named and nothing is
restored; archives are made elsewhere.
"""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from subs_assets.archive import restore, store, verify
from subs_assets.archive.errors import ArchiveError, BadArchive, RestoreRefused
from subs_assets_tests.unit.archive.conftest import url_of
from subs_assets_tests.unit.archive.tally import Tally

SECTOR = 4096


def flip_a_bit(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    bit = chance.randrange(len(content) * 8)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.choice([0, len(content) - 1, chance.randrange(len(content))])]


def extend(content: bytes, chance: random.Random) -> bytes:
    more = chance.choice([1, 8, SECTOR])
    return content + chance.choice([bytes(more), chance.randbytes(more), content[-more:]])


def lose_a_sector(content: bytes, chance: random.Random) -> bytes:
    begin = chance.randrange(len(content)) // SECTOR * SECTOR
    lost = min(SECTOR, len(content) - begin)
    return content[:begin] + bytes(lost) + content[begin + lost :]


def put_elsewhere(content: bytes, chance: random.Random) -> bytes:
    """A stretch is where another was."""
    length = chance.randrange(1, len(content))
    begin = chance.randrange(len(content) - length + 1)
    return content[begin : begin + length] + content[length:]


CHANGES: Sequence[tuple[str, Callable[[bytes, random.Random], bytes], int]] = (
    ("one bit flipped", flip_a_bit, 12),
    ("a file cut short", cut, 4),
    ("a file extended", extend, 2),
    ("a sector of a file lost", lose_a_sector, 1),
    ("a stretch of a file elsewhere", put_elsewhere, 1),
)
"""What is done to the bytes of a file, and how often in proportion."""


def change_files(archive: Path, times: int, tally: Tally, seed: int = 1) -> None:
    """Change one file of the archive, any of them as often, and see to it; ``times`` times."""
    chance = random.Random(seed)
    files = sorted(path for path in archive.rglob("*") if path.is_file())
    names, changes, weights = zip(*CHANGES, strict=True)
    done = 0
    while done < times:
        path = chance.choice(files)
        content = path.read_bytes()
        (which,) = chance.choices(range(len(changes)), weights)
        changed = changes[which](content, chance)
        if changed == content:
            continue
        path.write_bytes(changed)
        tally.note(names[which], "named and refused", wrong_with(archive, path.name))
        path.write_bytes(content)
        done += 1
    assert verify.verify(archive).ok


def change_folders(archive: Path, older: Path, tally: Tally) -> None:
    """Take each file away, swap it with the next, put the same file of an older archive there, and put each where it
    does not belong.
    """
    files = sorted(path for path in archive.rglob("*") if path.is_file())
    for path, other in zip(files, [*files[1:], files[0]], strict=True):
        content = path.read_bytes()
        path.unlink()
        tally.note("a file missing", "named and refused", wrong_with(archive, path.name))
        path.mkdir()
        tally.note("a folder in a file's place", "named and refused", wrong_with(archive, path.name))
        path.rmdir()
        path.write_bytes(content)
        stranger = path.with_name(f"copy-of-{path.name}")
        stranger.write_bytes(content)
        tally.note("a file added", "named and refused", wrong_with(archive, stranger.name))
        stranger.unlink()
        if other.read_bytes() != content:
            swap(path, other)
            tally.note("two files swapped", "named and refused", wrong_with(archive, path.name))
            swap(path, other)
        of_older = older / path.relative_to(archive)
        if of_older.is_file() and of_older.read_bytes() != content:
            shutil.copyfile(of_older, path)
            tally.note("a file of an older archive", "named and refused", wrong_with(archive, path.name))
            path.write_bytes(content)
    with in_place_of(archive, older, ("manifest.json", "manifest.json.sha256")):
        tally.note("the manifest of an older archive", "named and refused", wrong_with(archive, ""))
    assert verify.verify(archive).ok


@contextmanager
def in_place_of(archive: Path, other: Path, names: Sequence[str]) -> Iterator[None]:
    """Files of an archive are those of another one until the block ends."""
    kept = [(archive / name).read_bytes() for name in names]
    for name in names:
        shutil.copyfile(other / name, archive / name)
    yield
    for name, content in zip(names, kept, strict=True):
        (archive / name).write_bytes(content)


def swap(one: Path, other: Path) -> None:
    aside = one.with_name("aside")
    one.rename(aside)
    other.rename(one)
    aside.rename(other)


def wrong_with(archive: Path, name: str) -> Iterator[str]:
    """What is wrong with how a damaged archive is taken; ``name`` is the damaged file's, which is to be said."""
    found = verify.verify(archive)
    if found.ok:
        yield f"{name} of {archive.name} is damaged, and verify finds nothing"
    elif not any(name in problem or "manifest.json" in problem for problem in found.problems):
        yield f"{name} is damaged, and verify names {found.problems}"
    target = archive.with_name("restored.db")
    try:
        restore.restore(archive, {"warehouse": url_of(target)})
    except RestoreRefused:
        pass
    else:
        yield f"{name} of {archive.name} is damaged, and it was restored"
    if target.exists():
        yield f"{name} of {archive.name} is damaged, and there is a database"
        target.unlink()
    yield from _wrongly_read(archive, name)


def _wrongly_read(archive: Path, name: str) -> Iterator[str]:
    try:
        manifest = store.read_manifest(archive)
        for table in manifest.tables:
            if table.file.endswith(f"/{name}"):
                for _ in store.read_rows(archive, table.name, table.database):
                    pass
                yield f"{name} of {archive.name} is damaged, and its rows were read to the end"
    except BadArchive:
        pass
    except ArchiveError as problem:
        yield f"{name} of {archive.name} is damaged, and reading says {problem}"
