import pytest

from subs_assets.catalogue.text import CONTROL, HTML, LOST, MOJIBAKE, clean, fold


@pytest.mark.parametrize(
    "raw, text, notes",
    [
        ("  Oats  500g ", "Oats 500g", ()),
        ("Oats\n500g", "Oats 500g", ()),
        ("Yumi&#039;s", "Yumi's", (HTML,)),
        ("Dips &amp;amp; Spreads", "Dips & Spreads", (HTML,)),
        ("<b>Oats</b><br />Rolled", "Oats Rolled", (HTML,)),
        ("M&Ms & Co", "M&Ms & Co", ()),
        ("Gin&times 2", "Gin&times 2", ()),
        ("Größe 0, <3kg", "Größe 0, <3kg", ()),
        ("Graukäse <2% FiT", "Graukäse <2% FiT", ()),
        ("french rosÃ©", "french rosé", (MOJIBAKE,)),
        ("Angelâ€™s Charm", "Angel’s Charm", (MOJIBAKE,)),
        ("Oa\x00ts\u200b", "Oats", (CONTROL,)),
        ("Nestl\ufffd", "Nestl\ufffd", (LOST,)),
        ("Cafe\u0301", "Café", ()),
    ],
)
def test_clean(raw: str, text: str, notes: tuple[str, ...]) -> None:
    assert clean(raw) == (text, notes)


@pytest.mark.parametrize(
    "text, folded",
    [
        ("Nestlé's", "nestles"),
        ("GRÖSSE-Straße", "grosse strasse"),
        ("Dips & Pâté, 50%", "dips & pate 50%"),
        ("Cafe\u0301_au lait", "cafe au lait"),
        ("½ ﬁne＇s Ｐｉｅ", "1 2 fine s pie"),
        ("!?", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
