import pytest

from subs_assets.catalogue.core_name import core_name


@pytest.mark.parametrize(
    "name, brand, core",
    [
        ("Saxa Natural Rock Salt 500g", "Saxa", "natural rock salt"),
        ("Arnotts Tim Tam Biscuits", "Arnott's", "tim tam biscuits"),
        ("Smith's Crinkle Cut Chips", "Smith", "crinkle cut chips"),
        ("Crème Brûlée 2 Pack 200g", None, "creme brulee"),
        ("Coke Coca Cola Zero Sugar 600ml", "Coca-Cola", "coke zero sugar"),
        ("Washed Potatoes Loose", None, "washed potatoes"),
        ("Omega 3 Fish Oil 200 Capsules", "Nature's Own", "omega 3 fish oil"),
        ("Snack Pack Hommus", "Obela", "snack pack hommus"),
        ("Vegemite", "Vegemite", "vegemite"),  # the brand is the whole name
        ("750ml", "Coconut Beach", "750ml"),
        ("!!!", None, "!!!"),
        ("Cremissimo Vanille 6er Pack", "Eskimo", "cremissimo vanille"),
    ],
)
def test_core_name(name: str, brand: str | None, core: str) -> None:
    assert core_name(name, brand) == core


@pytest.mark.parametrize("name", ["500g", "12 Pack", "Each", "-", "Loose", "  x  "])
def test_a_core_name_is_never_empty(name: str) -> None:
    assert core_name(name, name).strip()
