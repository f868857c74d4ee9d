"""When new catalogue files launch a run: decided from what was seen last, what is seen now, and the time; no disk, no
Dagster."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, replace

LOOKS_APART_SECONDS = 90.0
"""A company's files are whole when they look the same at two looks in a row that are so far apart.

A share on NFS shows a file's size up to 60 seconds late (its ``acregmax``), so a look sooner than that may see a file
that grows as one that stands still. Whoever copies with longer pauses than this renames at the end.
"""

PATIENCE_SECONDS = 1800.0
"""How long new files wait for other companies, whose files are still being written: a run reads everybody's."""


@dataclass(frozen=True)
class Content:
    """What a company has delivered, by hashes: of its files' names and contents, and of what source.yaml says."""

    files: str
    source: str


@dataclass(frozen=True)
class Look:
    """One company now: a hash of its files' names, sizes and times, or why it could not be looked at; and its content,
    where that was read."""

    seen: str | None
    problem: str | None = None
    content: Content | None = None


@dataclass(frozen=True)
class Known:
    """What is remembered of one company.

    ``seen``: how its files looked last; None after a look that failed, which is not one that saw nothing. ``since``:
    when they looked like that first, in seconds since the epoch. ``found``: the content of what was seen, once it had
    settled. ``taken``: the content of which no run needs to be launched any more.
    """

    seen: str | None
    since: float
    found: Content | None
    taken: Content | None

    @property
    def is_settling(self) -> bool:
        return self.seen is not None and self.found is None

    @property
    def is_new(self) -> bool:
        return self.found is not None and self.found != self.taken


@dataclass(frozen=True)
class Decision:
    """For which companies one run is launched now (none: no run), what is remembered, and sentences for a person."""

    launch_for: tuple[str, ...]
    known: dict[str, Known]
    sentences: tuple[str, ...]


def to_be_read(known: Mapping[str, Known], seen: Mapping[str, str | None], now: float) -> list[str]:
    """The companies whose files have settled, and whose content is not known."""
    return [
        slug
        for slug, appearance in seen.items()
        if appearance is not None
        and (before := known.get(slug)) is not None
        and before.is_settling
        and before.seen == appearance
        and now - before.since >= LOOKS_APART_SECONDS
    ]


def after_looking(known: Mapping[str, Known], looks: Mapping[str, Look], now: float) -> dict[str, Known]:
    """What is remembered after these looks. A company that was not looked at keeps what was taken of it: it may come
    back."""
    return {slug: _after_look(known.get(slug), looks.get(slug), now) for slug in sorted({*known, *looks})}


def _after_look(before: Known | None, look: Look | None, now: float) -> Known:
    taken = before.taken if before is not None else None
    if look is None or look.seen is None:
        return Known(None, now, None, taken)
    if before is None or before.seen != look.seen:
        return Known(look.seen, now, None, taken)
    # A clock that was set back must not make anybody wait until it is there again.
    return replace(before, since=min(before.since, now), found=look.content or before.found)


def decide(known: Mapping[str, Known], published: Mapping[str, str], held_by: str | None, now: float) -> Decision:
    """One run for all that is new and has settled, or none.

    ``published``: by company the hash of the files that the last published run has read; what was read needs no run,
    whoever launched that one. ``held_by``: a sentence on why no run may be launched now.

    What a run was launched for is taken, whatever becomes of that run: if it fails it would fail every time. The next
    nightly run reads those files too, and so does whoever executes the failed run again.
    """
    known = {slug: _unless_published(one, published.get(slug)) for slug, one in known.items()}
    new = [slug for slug, one in known.items() if one.is_new]
    settling = [slug for slug, one in known.items() if one.is_settling]
    sentences = [
        f"{slug}: new files, which are taken when they have looked the same for {LOOKS_APART_SECONDS:g} seconds"
        for slug in settling
    ]
    if not new:
        return Decision((), known, tuple(sentences))
    patient = now - min(known[slug].since for slug in new) < PATIENCE_SECONDS
    if held_by or (settling and patient):
        reason = held_by or f"what is being written for {', '.join(settling)} is waited for"
        return Decision((), known, (f"new from {', '.join(new)}, and no run is launched yet: {reason}", *sentences))
    taken = {slug: replace(one, taken=one.found) if one.is_new else one for slug, one in known.items()}
    return Decision(tuple(new), taken, tuple(sentences))


def _unless_published(known: Known, files: str | None) -> Known:
    """Of source.yaml nothing is published: what it says is new only where something else was taken before."""
    found, taken = known.found, known.taken
    if found is not None and found.files == files and (taken is None or taken.source == found.source):
        return replace(known, taken=found)
    return known


def out_of_step(loaded: Iterable[str], found: Iterable[str]) -> list[str]:
    """Sentences on companies whose folder has come or gone since the definitions were loaded."""
    remedy = "reload the code location (docs/automation.md)"
    come = [f"{slug} is new, and becomes an asset when you {remedy}" for slug in sorted({*found} - {*loaded})]
    gone = [
        f"the folder of {slug} is gone: its last good listings are shown until it is back or you {remedy}"
        for slug in sorted({*loaded} - {*found})
    ]
    return come + gone


def as_cursor(known: Mapping[str, Known]) -> str:
    """Short: Dagster keeps it with every tick, for days."""
    return json.dumps(
        {
            slug: [one.seen, round(one.since), one.found and astuple(one.found), one.taken and astuple(one.taken)]
            for slug, one in known.items()
        }
    )


def from_cursor(cursor: str | None) -> dict[str, Known]:
    """Raises ValueError where it is none of ours."""
    try:
        return {
            slug: Known(seen, float(since), found and Content(*found), taken and Content(*taken))
            for slug, (seen, since, found, taken) in json.loads(cursor or "{}").items()
        }
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"the cursor is none of this sensor's: {error}") from error
