"""What must survive a substitution, per product: its claims, its department, its class; whether it does is judged in
gates.py."""

import json
import re
from collections.abc import Iterable

import pandas as pd

from subs_assets.catalogue import category_path
from subs_assets.catalogue.claim_table import IMPLIES, with_implied
from subs_assets.catalogue.claims import find_claims, fold
from subs_assets.catalogue.eaters import AMONG_PETS, ON_SHELF, animal_claims, life_stages, species_in
from subs_assets.substitution.departments import departments_of
from subs_assets.substitution.kinds import class_of

COLUMNS = ["product_id", "claims", "department", "product_class"]


def build_product_claims(
    products: pd.DataFrame,
    product_listings: pd.DataFrame,
    listings: pd.DataFrame,
    listing_categories: pd.DataFrame,
    product_kinds: pd.DataFrame,
) -> pd.DataFrame:
    """Table ``product_claims``: the claims that any of a product's listings makes in its words, or by a shelf that it
    stands on ("Gluten Free"); the department that its category paths name most often; and the class of its kind, or
    where that is unknown, the one that goes with the department."""
    keys = ["company_slug", "sku"]
    product_of = product_listings[[*keys, "product_id"]]
    worded = listings[[*keys, "brand", "name", "claims"]].merge(product_of, on=keys)
    shelved = listing_categories[[*keys, "path"]].merge(product_of, on=keys)
    departments = departments_of(shelved)
    classes = _classes(product_kinds, departments["product_class"])
    of_path = {path: sorted(path_claims(path)) for path in shelved["path"].unique()}
    found = pd.concat(
        [
            worded.assign(claim=worded["claims"].map(json.loads)),
            shelved.assign(claim=shelved["path"].map(of_path)),
            _pet_claims(worded, shelved, classes.index[classes == "pet"]),
        ]
    )
    claims = (
        found[["product_id", "claim"]]
        .explode("claim")
        .dropna()
        .groupby("product_id")["claim"]
        .agg(lambda stated: json.dumps(sorted(set(stated))))
        .to_dict()
    )
    frame = products[["product_id"]].copy()
    frame["claims"] = [claims.get(product, "[]") for product in frame["product_id"]]
    frame["department"] = frame["product_id"].map(departments["department"])
    frame["product_class"] = frame["product_id"].map(classes)
    return frame[COLUMNS]


def _pet_claims(worded: pd.DataFrame, shelved: pd.DataFrame, pets: pd.Index) -> pd.DataFrame:
    """DataFrame[product_id, claim (a list)]: which animal each of the products ``pets`` is for, and of what age."""
    names = worded[worded["product_id"].isin(pets)].groupby("product_id")[["name", "brand"]].agg(list)
    paths = shelved[shelved["product_id"].isin(pets)].groupby("product_id")["path"].agg(set)
    claims = [
        sorted(
            pet_claims(
                [name for name in (*own["name"], *own["brand"]) if isinstance(name, str)], paths.get(product, ())
            )
        )
        for product, own in names.iterrows()
    ]
    return pd.DataFrame({"product_id": names.index, "claim": pd.Series(claims, names.index, dtype=object).array})


def pet_claims(names: Iterable[str], paths: Iterable[str]) -> frozenset[str]:
    """Species and life stage of something from a pet shelf: in its names and brands, and where these say no animal, in
    the names along its paths.

    >>> sorted(pet_claims(["Puppy Beef Mince"], ['["Pets","Cat & Kitten"]']))
    ['for_dogs', 'for_puppies']
    """
    folded = [fold(name) for name in names]
    said = set().union(*(animal_claims(name, AMONG_PETS) for name in folded))
    if species_in(said):
        return with_implied(said)
    shelf = set().union(
        *(
            _joined(name, with_implied(animal_claims(fold(name), ON_SHELF)))
            for path in paths
            for name in category_path.decode(path)
        )
    )
    stages = set().union(*(life_stages(name, species_in(shelf)) for name in folded))
    return with_implied(shelf | stages)


def path_claims(path: str) -> frozenset[str]:
    """The claims that the names along a path make for what stands there.

    A name that joins several promises only what each of them implies: on "Vegan & Vegetarian" all is vegetarian, not
    all is vegan.

    >>> sorted(path_claims('["Dietary","Vegan & Vegetarian"]')), sorted(path_claims('["Gluten Free","Biscuits"]'))
    (['vegetarian'], ['gluten_free'])
    """
    return frozenset().union(*(_name_claims(name) for name in category_path.decode(path)))


def _name_claims(name: str) -> frozenset[str]:
    return _joined(name, find_claims(name))


def _joined(name: str, found: frozenset[str]) -> frozenset[str]:
    if not JOINED.search(name):
        return found
    return frozenset(claim for claim in found if all(claim in (other, *IMPLIES.get(other, ())) for other in found))


JOINED = re.compile(r"[&,/+]|\b(and|or|und|oder)\b", re.IGNORECASE)


def _classes(product_kinds: pd.DataFrame, by_department: pd.Series) -> pd.Series:
    """Class by product_id, the unknown ones left out: tea on a shelf of drinks and tobacco beside the till have one."""
    by_kind = product_kinds.set_index("product_id")["kind"].map(class_of, na_action="ignore").dropna()
    return by_kind.combine_first(by_department)
