"""Which spellings of brand, name and size are one key, and which are not."""

import pytest

from subs_assets.identity.match_key import match_key, words

Side = tuple[str | None, str, float | None, str | None]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Arnott's Tim Tams", {"arnott", "tim", "tam"}),
        ("Crème Brûlée", {"creme", "brulee"}),
        ("Swiss gas 98% Fat-Free", {"swiss", "gas", "98%", "fat", "free"}),
        ("P.K gum", {"pk", "gum"}),
        ("香菇", {"香菇"}),
        (" - ", set()),
    ],
)
def test_words(text: str, expected: set[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("bega", "crunchy peanut butter", 375.0, "g"), ("bega", "peanut butter crunchy", 375.0, "g")),
        (("kelloggs", "nutri-grain", 470.0, "g"), ("kellogg", "nutri grain", 470.0, "g")),
        # The brand stands in one of the names still.
        (("twisties", "twisties cheese", 270.0, "g"), ("twisties", "cheese", 270.0, "g")),
        (("sunrice", "jasmine rice", 453.6, "g"), ("sunrice", "jasmine rice", 454.0, "g")),
        (("heinz", "beans in tomato sauce", 300.0, "g"), ("heinz", "beans tomato sauce", 300.0, "g")),
        (("lifesavers", "single roll musk", 34.0, "g"), ("lifesavers", "musk", 34.0, "g")),
        (("yumis", "dips", 200.0, "g"), ("yumis", "dip", 200.0, "g")),
    ],
)
def test_one_key(left: Side, right: Side) -> None:
    assert match_key(*left) is not None
    assert match_key(*left) == match_key(*right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("bega", "crunchy peanut butter", 375.0, "g"), ("bega", "smooth peanut butter", 375.0, "g")),
        (("bega", "peanut butter", 375.0, "g"), ("kraft", "peanut butter", 375.0, "g")),
        (("bega", "peanut butter", 375.0, "g"), ("bega", "peanut butter", 380.0, "g")),
        (("bega", "peanut butter", 375.0, "g"), ("bega", "peanut butter", 375.0, "ml")),
        (("pauls", "milk 1%", 1000.0, "ml"), ("pauls", "milk 2%", 1000.0, "ml")),
    ],
)
def test_two_keys(left: Side, right: Side) -> None:
    assert match_key(*left) is not None
    assert match_key(*left) != match_key(*right)


@pytest.mark.parametrize(
    "side",
    [
        (None, "bananas", 180.0, "g"),
        ("bega", "peanut butter", None, None),
        ("twisties", "twisties", 270.0, "g"),
        ("cadbury", "share pack", 180.0, "g"),
    ],
)
def test_no_key(side: Side) -> None:
    assert match_key(*side) is None
