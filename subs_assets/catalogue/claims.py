"""Claims in a listing's own words, English and German: one table of patterns; categories and facets are not looked
at here.
"""

import re

_FREE_FROM = {
    "gluten_free": r"gluten",
    "lactose_free": r"lactose|laktose",
    "dairy_free": r"dairy|milk|milch",
    "egg_free": r"eggs?|ei|eier",
    "nut_free": r"(?:tree )?nuts?|nuss|nüsse",
    "soy_free": r"soya?|soja",
    "wheat_free": r"wheat|weizen",
    "sugar_free": r"sugar|zucker",
    "alcohol_free": r"alcohol|alkohol",
    "decaf": r"caffeine?|koffein|coffein",
    "no_added_salt": r"salt|salz",
    "low_fat": r"fat|fett",
}
"""Substances that a listing may say it is free from, in "gluten free", "dairy & gluten free", "glutenfrei", "free
from gluten", "no gluten".
"""

_SUBSTANCE = "|".join(f"(?:{pattern})" for pattern in _FREE_FROM.values())
_AND = r"[\s-]*(?:,|&|\+|/|\band\b|\bund\b|\bor\b|\boder\b)[\s-]*"
_LIST = rf"(?:\b(?:{_SUBSTANCE})\b(?:{_AND}|\s+free\s+(?=(?:{_SUBSTANCE})\b)))*"

_FREE_FROM_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        # "Free Range" is no claim about what stands before it, and "97% sugar free" is not sugar free.
        rf"(?P<list>{_LIST}\b(?:{_SUBSTANCE})\b)[\s-]*(?:free|frei(?:e[rsnm]?)?)\b(?![\s-]*range)",
        rf"\b(?P<list>{_SUBSTANCE})frei(?:e[rsnm]?)?\b",
        rf"\b(?:free from|frei von|ohne)\s+(?:added\s+)?(?P<list>{_LIST}\b(?:{_SUBSTANCE})\b)(?!\s*(?:added|zusatz))",
        rf"\b(?:no|zero|non)[\s-]+(?P<list>{_LIST}\b(?:{_SUBSTANCE})\b)(?![\s-]*(?:added|zusatz|free|reduced))",
    )
)

_WORDS = {
    "vegan": r"\bvegan(?:e[rsnm]?|s)?\b",
    "vegetarian": r"\bvegetarian\b|\bvegetarisch(?:e[rsnm]?)?\b",
    "halal": r"\bhalal\b",
    "kosher": r"\bkosher\b|\bkoscher(?:e[rsnm]?)?\b",
    "organic": r"\borganics?\b|\bbiologisch(?:e[rsnm]?)?\b|"
    r"\bbio\b(?![\s-]*(?:oil|öl|active|aktiv|dynamic|zyme?|degradable|kult|cultures?))",
    "free_range": r"\bfree[\s-]+range\b|\bfreiland(?:haltung|eier|huhn|hühner)?\b|\bfreilauf\w*",
    "no_added_sugar": r"\bno[\s-]+(?:added[\s-]+(?:cane[\s-]+)?sugars?|sugars?[\s-]+added)\b|\bwithout added sugar\b"
    r"|\bohne (?:\w+ )?zucker[\s-]?zusatz\b|\bohne zugesetzten zucker\b|\bzero added sugar\b",
    "decaf": r"\bdecaf\b|\bdecaff\b|\b(?:de-?|ent)(?:caffeinated|koffeiniert\w*)\b",
    "alcohol_free": r"\bnon[\s-]?alcoholic\b|\bde-?alcoholi[sz]ed\b|\balcohol removed\b|\b0[.,]0\s?%"
    r"|\bentalkoholisiert\w*",
    "dairy_free": r"\bnon[\s-]?dairy\b",
    "no_added_salt": r"\bno[\s-]+(?:added[\s-]+salt|salt[\s-]+added)\b|\bunsalted\b|\bungesalzen\w*"
    r"|\bohne salzzusatz\b",
    "low_salt": r"\b(?:low|reduced|less)[\s-]+(?:in[\s-]+)?(?:salt|sodium)\b"
    r"|\b(?:salt|sodium)[\s-]+reduced\b|\bsalz(?:arm|reduziert)\w*",
    "low_fat": r"\b(?:low|reduced|less)[\s-]+fat\b|\bfat[\s-]+reduced\b|\b\d{1,3}(?:[.,]\d+)?\s?% fat free\b"
    r"|\bskim(?:med)?\b|\bfett(?:arm|reduziert)\w*|\bmager(?:milch|topfen|quark|joghurt)\b",
}
_WORD_PATTERNS = {claim: re.compile(pattern) for claim, pattern in _WORDS.items()}

IMPLIES = {
    "vegan": ("vegetarian",),
    "dairy_free": ("lactose_free",),
    "no_added_salt": ("low_salt",),
    "sugar_free": ("no_added_sugar",),
}
"""What follows from a claim by its meaning alone. Vegan does not make a product safe for an egg or milk allergy:
traces.
"""

_NEGATED_BEFORE = re.compile(
    r"(?:\b(?:not|non|nicht|kein\w*|isn't|almost|nearly|fast)[\s-]+(?:\w+[\s-]+(?:for|für)[\s-]+)?|\d\s?%\s*)$"
)
"""What takes a claim back when it stands right before it: "not gluten free", "not suitable for vegans", "97% sugar
free".
"""

_PERCENTAGE_CLAIMS = frozenset({"low_fat", "alcohol_free"})
"""Claims whose own pattern knows the percentage: "99% fat free", "0.0%"."""

CLAIMS = tuple(sorted({*_FREE_FROM, *_WORDS}))
"""Every slug that ``find_claims`` may return."""

_CANDIDATE = re.compile(
    r"fr[e]{1,2}|no[nt]?\b|zero|ohne|vega|vege|halal|kos[c]?her|organic|bio|decaf|koffein|alco|alko|salt|sodium|salz|fat|fett|skim|mager|0[.,]0|added"
)
"""A cheap look that spares most names the fifteen patterns."""


def find_claims(text: str) -> frozenset[str]:
    """Claim slugs that ``text`` (a listing's name, with its brand) makes, with those that they imply."""
    folded = text.casefold().replace("ß", "ss").replace("’", "'")
    if not _CANDIDATE.search(folded):
        return frozenset()
    found = set(_free_from_claims(folded))
    for claim, pattern in _WORD_PATTERNS.items():
        if any(not _is_negated(folded, match, claim) for match in pattern.finditer(folded)):
            found.add(claim)
    for claim in tuple(found):
        found.update(IMPLIES.get(claim, ()))
    return frozenset(found)


def _free_from_claims(folded: str) -> set[str]:
    found = set()
    for phrase in _FREE_FROM_PHRASES:
        for match in phrase.finditer(folded):
            for claim, substance in _FREE_FROM.items():
                named = re.search(rf"\b(?:{substance})(?:\b|$)", match["list"])
                if named and not _is_negated(folded, match, claim):
                    found.add(claim)
    return found


def _is_negated(folded: str, match: re.Match[str], claim: str) -> bool:
    before = _NEGATED_BEFORE.search(folded[: match.start()])
    return before is not None and not ("%" in before[0] and claim in _PERCENTAGE_CLAIMS)
