"""Whether archives still are those that their successors were made after; the bytes of their tables are not looked
at.
"""

from subs_assets.archive.errors import BadArchive
from subs_assets.archive.places import ArchivePlace


def verify_chain(place: ArchivePlace) -> list[str]:
    """A sentence for each archive of a place that cannot be read, or is not what it was when its successor was made.

    An archive that was taken away breaks no chain: pruning does that.
    """
    sentences = []
    for summary in place.summaries():
        sentence = summary.problem or broken_link(place, summary.name)
        if sentence is not None:
            sentences.append(sentence)
    return sentences


def broken_link(place: ArchivePlace, name: str) -> str | None:
    """Why the archive that this one was made after is no longer what it was then; None where it is, or is not there.

    Raises:
        BadArchive: this one cannot be read.
    """
    previous = place.manifest(name).previous
    if previous is None:
        return None
    try:
        found = place.manifest_sha256(previous.folder)
    except BadArchive as problem:
        return str(problem)
    if found in (None, previous.manifest_sha256):
        return None
    return f"{previous.folder} is not what it was when {name} was made after it"
