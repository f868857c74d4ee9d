"""When new catalogue files launch a run, tick by tick."""

from dataclasses import dataclass, field

import pytest

from subs_assets.automation.deliveries import (
    LOOKS_APART_SECONDS,
    PATIENCE_SECONDS,
    Content,
    Decision,
    Known,
    Look,
    after_looking,
    as_cursor,
    decide,
    from_cursor,
    out_of_step,
    to_be_read,
)

TICK = 30.0
MONDAY = Content("monday's", "yaml")


@dataclass
class Ticks:
    """A sensor that looks every 30 seconds; ``files``: how a company looks and what it holds, or None for a failed
    look."""

    files: dict[str, tuple[str, Content] | None]
    published: dict[str, str] = field(default_factory=dict)
    held_by: str | None = None
    now: float = 1_000_000.0
    known: dict[str, Known] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def tick(self, seconds: float = TICK) -> Decision:
        self.now += seconds
        looks = {slug: Look(file[0]) if file else Look(None, "gone away") for slug, file in self.files.items()}
        for slug in to_be_read(self.known, {slug: look.seen for slug, look in looks.items()}, self.now):
            self.read.append(slug)
            looks[slug] = Look(looks[slug].seen, content=self.files[slug][1])  # type: ignore[index]
        known = after_looking(self.known, looks, self.now)
        decision = decide(known, self.published, self.held_by, self.now)
        self.known = from_cursor(as_cursor(decision.known))  # as Dagster keeps it
        return decision

    def until_launched(self, ticks: int = 10) -> tuple[str, ...]:
        return next((launched for _ in range(ticks) if (launched := self.tick().launch_for)), ())


def settled(**files: tuple[str, Content]) -> Ticks:
    """What is there is published, and has been looked at for long enough."""
    ticks = Ticks(dict(files), {slug: content.files for slug, (_, content) in files.items()})
    assert ticks.until_launched() == () and not any(one.is_settling for one in ticks.known.values())
    ticks.read.clear()
    return ticks


def test_the_first_look_takes_what_is_published_as_read() -> None:
    ticks = Ticks({"aldi": ("a", MONDAY), "coles": ("a", Content("new", "yaml"))}, {"aldi": "monday's", "coles": "old"})
    assert ticks.until_launched() == ("coles",)


def test_the_first_look_where_nothing_is_published_launches_for_all() -> None:
    assert Ticks({"aldi": ("a", MONDAY), "coles": ("b", MONDAY)}).until_launched() == ("aldi", "coles")


def test_files_are_taken_after_two_looks_that_are_far_enough_apart() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("tuesday's", "yaml"))
    first = ticks.tick()
    assert first.launch_for == () and "aldi: new files" in first.sentences[0]
    assert ticks.tick(LOOKS_APART_SECONDS - 1).launch_for == ()
    assert ticks.tick(1).launch_for == ("aldi",)
    assert ticks.until_launched() == () and ticks.read == ["aldi"]


def test_a_file_that_grows_is_not_taken_until_it_stands_still() -> None:
    ticks = settled(aldi=("a", MONDAY))
    for size in range(20):
        ticks.files["aldi"] = (f"{size} bytes", Content(f"{size}", "yaml"))
        assert ticks.tick(LOOKS_APART_SECONDS * 2).launch_for == ()
    assert ticks.read == []
    assert ticks.until_launched() == ("aldi",) and ticks.read == ["aldi"]


def test_the_same_content_again_launches_nothing() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("a, copied anew", MONDAY)
    assert ticks.until_launched() == () and ticks.read == ["aldi"]


@pytest.mark.parametrize("content", [Content("monday's, renamed", "yaml"), Content("monday's", "another yaml")])
def test_a_new_name_or_another_source_yaml_launches(content: Content) -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("b", content)
    assert ticks.until_launched() == ("aldi",)


def test_a_delivery_that_was_replaced_and_comes_back_is_taken_again() -> None:
    ticks = settled(aldi=("a", MONDAY))
    for content in ("tuesday's", "monday's", "tuesday's"):
        ticks.files["aldi"] = (content, Content(content, "yaml"))
        assert ticks.until_launched() == ("aldi",)
        ticks.published["aldi"] = content


def test_companies_that_deliver_within_minutes_make_one_run() -> None:
    ticks = settled(aldi=("a", MONDAY), coles=("a", MONDAY), iga=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("new", "yaml"))
    launched = [ticks.tick().launch_for for _ in range(3)]
    ticks.files["coles"] = ("b", Content("new", "yaml"))
    launched += [ticks.tick().launch_for for _ in range(10)]
    assert [companies for companies in launched if companies] == [("aldi", "coles")]


def test_who_is_never_done_is_waited_for_only_so_long() -> None:
    ticks = settled(aldi=("a", MONDAY), coles=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("new", "yaml"))
    started = ticks.now
    for size in range(1000):
        ticks.files["coles"] = (f"{size} bytes", MONDAY)
        decision = ticks.tick()
        if decision.launch_for:
            break
        assert "coles" in " ".join(decision.sentences)
    assert decision.launch_for == ("aldi",)
    assert PATIENCE_SECONDS <= ticks.now - started <= PATIENCE_SECONDS + 2 * TICK


def test_while_a_run_goes_on_none_is_launched_and_nothing_is_forgotten() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("tuesday's", "yaml"))
    ticks.held_by = "the run 1f3a is in progress"
    for _ in range(10):
        decision = ticks.tick()
        assert decision.launch_for == ()
    assert decision.sentences == ("new from aldi, and no run is launched yet: the run 1f3a is in progress",)
    ticks.held_by = None
    assert ticks.tick().launch_for == ("aldi",)


def test_what_another_run_has_read_and_published_meanwhile_needs_none() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("tuesday's", "yaml"))
    ticks.published["aldi"] = "tuesday's"
    assert ticks.until_launched() == ()
    ticks.files["aldi"] = ("c", Content("tuesday's", "another yaml"))
    assert ticks.until_launched() == ("aldi",)


def test_a_failed_look_is_not_an_empty_one() -> None:
    """A drive that is not there for an hour: nothing launches when it goes, and nothing when it is back."""
    ticks = settled(aldi=("a", MONDAY), coles=("a", MONDAY))
    ticks.files["aldi"] = None
    assert ticks.until_launched(ticks=100) == ()
    ticks.files["aldi"] = ("a", MONDAY)
    assert ticks.until_launched() == ()


def test_a_failed_look_between_two_others_starts_the_time_anew() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = new = ("b", Content("new", "yaml"))
    ticks.tick()
    ticks.files["aldi"] = None
    ticks.tick(LOOKS_APART_SECONDS)
    ticks.files["aldi"] = new
    assert ticks.tick().launch_for == ()
    assert ticks.tick(LOOKS_APART_SECONDS).launch_for == ("aldi",)


def test_a_company_that_vanishes_is_remembered_until_it_comes_back() -> None:
    ticks = settled(aldi=("a", MONDAY), coles=("a", MONDAY))
    gone = ticks.files.pop("aldi")
    ticks.published.pop("aldi")
    ticks.files["coles"] = ("b", Content("new", "yaml"))
    assert ticks.until_launched() == ("coles",)
    ticks.files["aldi"] = gone
    assert ticks.until_launched() == ()


def test_a_clock_that_was_set_back_delays_nothing() -> None:
    ticks = settled(aldi=("a", MONDAY))
    ticks.files["aldi"] = ("b", Content("new", "yaml"))
    ticks.tick()
    ticks.tick(-1e6)
    assert ticks.tick(LOOKS_APART_SECONDS).launch_for == ("aldi",)


def test_who_has_come_or_gone_is_named() -> None:
    assert out_of_step(["aldi", "coles"], ["aldi", "coles"]) == []
    come, gone = out_of_step(["aldi", "coles"], ["aldi", "spar"])
    assert (
        come.startswith("spar is new")
        and "the folder of coles is gone" in gone
        and "reload" in come
        and "reload" in gone
    )


@pytest.mark.parametrize(
    "cursor", ["3", "[]", '{"aldi": 1}', '{"aldi": [null]}', '{"aldi": [null, 1, ["a"], null]}', "{"]
)
def test_a_cursor_of_something_else_is_told(cursor: str) -> None:
    with pytest.raises(ValueError, match="none of this sensor's"):
        from_cursor(cursor)
    assert from_cursor(None) == {} == from_cursor("")
