"""Claims about who eats: from what age a child may, which stage a formula is, which animal and of what age; English and
German. What these mean for a substitution stands in claims.csv."""

import re
from collections.abc import Iterable, Mapping

from subs_assets.catalogue.claim_table import CLAIM_TABLE

AGES = sorted(int(claim.split("_")[1]) for claim in CLAIM_TABLE if claim.startswith("from_"))
"""Months that a claim can say; an age between two of them counts as the older one, which is the safe side of a
substitute."""

_AGES = {
    # months, as "6+ months", "6-16 Monate", "from 6 months", "ab 6 Monaten", "nach dem 6. Monat", "12m+"
    re.compile(
        r"(?<![\d.,])(?P<age>\d{1,2})\s*(?:\+|-\s*\d{1,2}|/\s*\d{1,2})\s*(?:mon(?:ths?|ate?n?|\.)|mths?)\b"
        r"|(?<![\d.,])(?P<age2>\d{1,2})\s*(?:months?|mths?|mo|monate?|m)\s?(?:\+|& up\b|and up\b|onwards|plus\b)"
        r"|(?<!\w)\+(?P<age5>\d{1,2})\s*mon"
        r"|\b(?:from|ab|after|nach)\s+(?:dem\s+)?(?P<age3>\d{1,2})\s*(?:m\b|mths?\b|months?\b|monat)"
        r"|\bnach\s+(?:dem\s+)?(?P<age4>\d{1,2})\.\s*mon"
    ): (1, 0),
    # the German ordinal: the sixth month begins when five are over
    re.compile(r"\b(?:ab\s+)(?:dem\s+)?(?P<age>\d{1,2})\.\s*(?:lebens)?mon"): (1, -1),
    # years, as "1+ years", "ab 3 Jahren", "1-2 Jahre"
    re.compile(
        r"(?<![\d.,])(?P<age>\d)\s*(?:\+|-\s*\d{1,2})\s*(?:years?|yrs?|jahre?n?)\b|(?<![\d.,])(?P<age4>\d)\s*(?:years?|yrs?|jahre?)\s?\+"
        r"|\b(?:from|ab)\s+(?P<age2>\d)\s*(?:years?|yrs?|jahr)|\+\s?(?P<age3>\d)\s*jahre\b"
    ): (12, 0),
}
"""How catalogues write an age, with months per unit and what is to be added."""

_RIPENED = re.compile(r"\b(?:aged|matured|gereift|reif\w*)\b")
_FROM_BIRTH = re.compile(r"\b(?:from birth|von geburt|ab (?:der )?geburt|newborn formula)\b")
_TODDLER = re.compile(r"\btoddlers?\b|\bkleinkind\w*")

_FORMULA = re.compile(
    r"\b(?:infant|follow[\s-]?on|toddler|newborn|growing[\s-]up)\b.*\b(?:formula|milk)\b"
    r"|\b(?:baby|junior) (?:formula|milk(?: powder| drink)?)\b"
    r"|\bformula\b.*\b(?:infant|baby|follow[\s-]?on|toddler|newborn|stage)\b"
    r"|\b(?:anfangs|folge)(?:milch|nahrung)|\bkindermilch|\bsäuglings(?:milch|anfangs)\w*|\bmilchnahrung"
    r"|\b(?:aptamil|bebivita|milumil|beba|lactana|s-?26)\b.*(?:\bpre\b|\b[1-4]\b)|\bhipp\b.*\bcombiotik\b"
)
_STAGES = (
    ("formula_pre", re.compile(r"\bpre\b")),
    ("formula_toddler", re.compile(r"\bkindermilch|\btoddler|\bgrowing[\s-]up")),
    ("formula_junior", re.compile(r"\bjunior\b(?!.*kindermilch)|\b(?:stage|step)\s*4\b")),
    ("formula_toddler", re.compile(r"\b(?:stage|step)\s*3\b")),
    ("formula_toddler", re.compile(r"(?<![\d.,+x])4(?![\d+x]|[.,]\d)(?!\s?(?:g|kg|ml|l|st|er)\b)")),
    ("formula_3", re.compile(r"\b10\s?\+|(?<![\d.,+x])3(?![\d+x]|[.,]\d)(?!\s?(?:g|kg|ml|l|st|er)\b)")),
    ("formula_2", re.compile(r"\bfollow[\s-]?on\b|(?<![\d.,+x])2(?![\d+x]|[.,]\d)(?!\s?(?:g|kg|ml|l|st|er)\b)")),
    ("formula_1", re.compile(r"\bnewborn\b|\binfant\b|(?<![\d.,+x])1(?![\d+x]|[.,]\d)(?!\s?(?:g|kg|ml|l|st|er)\b)")),
    ("formula_2", re.compile(r"\bfolge(?:milch|nahrung)")),
)
"""The first that is found tells the stage; a number is one where it is no size."""

_CHILD_YEARS = re.compile(r"(?<![\d.,])(?P<age>[123])\s?\+(?!\s?\d)|\bkindermilch.*\bab (?P<age2>[123])\b")

_GOODS = (
    r"(?:food|treats?|litter|snacks?|chews?|biscuits?|bed|toys?|lead|collar|bowl|shampoo|loaf|bones?|mince|milk|dental"
    r"|jerky|rolls?|kibble|seeds?|feeder|flakes|pellets|hay|chicken|beef)"
)
_ANIMALS = {
    "for_dogs": (
        r"dogs?(?:'s)?|pupp(?:y|ies)|canines?",
        r"\bhunde?\b|\bhunde(?!rt|r\b)\w+|\bwelpen?\w*"
        r"|\b(?:happy dog|dog's love|dogs'n tiger|pedigree|rinti|frolic)\b|\bpuppy\b(?! (?:house|friend|love|eyes))",
    ),
    "for_cats": (
        r"cats?(?:'s)?|kittens?|felines?",
        r"\bkatzen?\b|\bkatzen(?!zungen|auge|minze\b)\w+|\bkätzchen|\b(?:happy cat|cat's (?:love|best))\b|\bwhiskas\b"
        r"|\bcatsan\b|\bkitekat\b|\bsheba\b|\bgourmet (?:gold|perle)\b|\bfancy feast\b|\bfriskies\b|\bcat-stick"
        r"|\bkitty litter",
    ),
    "for_birds": (
        r"birds?|parrot|budgie|canary|vögel",
        r"\bmeisenknödel|(?:\b|winter|wild)vogel(?:futter|sand|käfig|tränke)\w*|\w*sittich\w*",
    ),
    "for_fish": (r"(?:gold)?fish|fische|aquarium", r"\bfischfutter\w*|\baquari(?:um|en)\w*"),
    "for_small_pets": (
        r"rabbits?|guinea pigs?|hamsters?|rodents?",
        r"(?:kaninchen|nager|hamster|meerschweinchen)(?:futter|streu|snack|zubehör|heu|käfig|kolben|stick)\w*"
        r"|\bsmall (?:pets|animals)\b|\bkleintiere?\b"
        r"|\bfür (?:nager|(?:zwerg)?kaninchen|hamster|meerschweinchen)\b|\bnager\b",
    ),
    "for_horses": (r"horses?", r"\bpferde(?:futter|leckerl\w*|snack)"),
}
_NO_ANIMAL = re.compile(
    r"\bhot[\s-]?dogs?\b|\b(?:corn|smart|mad|bad)[\s-]dogs?\b|\bcat[\s-]?(?:eyes?|liner)\b|\bthe bare bird\b"
    r"|\bbird in hand\b|\bph?ish food (?=.*\bben & jerry)|\bkatzenohren\b"
)
"""Phrases and brands that name an animal and mean none."""

_TOY_OR_SOAP = re.compile(r"\blego\b|\b(?:flüssig)?seife\b")
_SPECIES = {
    claim: re.compile(
        rf"\b(?:{names}) (?:\w+ ){{0,2}}{_GOODS}\b|\b(?:for|für) (?:\w+ ){{0,2}}(?:{names})(?!\w)"
        rf"|\b(?:adult|senior|junior|dry|wet|my|small|medium|large) (?:dry |wet )?(?:{names})(?!\w)|{german}"
        if claim not in {"for_fish", "for_horses"}
        else rf"\b(?:{names}) (?:food|feed|treats?|flakes|pellets)\b|{german}"
    )
    for claim, (names, german) in _ANIMALS.items()
}
_NAMED = {claim: re.compile(rf"\b(?:{names})(?!\w)|{german}") for claim, (names, german) in _ANIMALS.items()}

SAID = _SPECIES
"""How a name says an animal that may be about anything: "hot dogs" are for nobody's dog."""

AMONG_PETS = {**_SPECIES, **{claim: _NAMED[claim] for claim in ("for_dogs", "for_cats")}}
"""The same where it is known to be about a pet: "Puppy Chicken"; but fish and rabbit are flavours there."""

ON_SHELF = _NAMED
"""The same for the name of a shelf of a pet shop."""

_FLAVOURS = frozenset({"for_fish", "for_small_pets", "for_birds", "for_horses"})

_YOUNG = re.compile(r"\b(?:pupp(?:y|ies)|welpen?\w*|kittens?|kätzchen|junior)\b")
_OLD = re.compile(r"\b(?:senior|mature)\b|\b(?:[789]|1[0-5])\s?\+")
_GROWN = re.compile(r"\badult\b|(?<![\d.,])1\s?\+")

ANIMAL_PIECES = (
    "dog", "pupp", "canine", "hund", "welpe", "pedigree", "rinti", "frolic", "cat ", "cats", "cat'", "cat-", "kitten",
    "kitty", "feline", "katze", "kätz", "whiskas", "kitekat", "sheba", "gourmet ", "fancy feast", "friskies", "bird",
    "parrot", "budgie", "canary", "vogel", "vögel", "sittich", "meisenkn", "goldfish", "fish f", "fischfutter",
    "aquari", "rabbit", "guinea", "hamster", "rodent", "kaninchen", "nager", "meerschw", "small pet", "small anim",
    "kleintier", "horse", "pferde",
)  # fmt: skip
CHILD_PIECES = (
    "mont", "mona", "mon.", "ab 1", "m+", "mth", "mo+", "mo ", "year", "yrs", "jahr", "birth", "geburt", "toddler",
    "kleinkind", "formula", "infant", "newborn", "follow", "growing", "junior milk", "baby milk", "anfangs", "folge",
    "kindermilch", "säugling", "milchnahrung", "aptamil", "bebivita", "milumil", "beba", "lactana", "s-26", "s26",
    "combiotik",
)  # fmt: skip
"""Pieces of words, one of which is in every name that the patterns here find."""


def animal_claims(folded: str, patterns: Mapping[str, re.Pattern[str]] = SAID) -> set[str]:
    """Species and life stage, without what they imply.

    >>> sorted(animal_claims("puppy dog food")), animal_claims("skinless hot dogs")
    (['for_dogs', 'for_puppies'], set())
    """
    if _TOY_OR_SOAP.search(folded):
        return set()
    words = _NO_ANIMAL.sub(" ", folded)
    found = {claim for claim, pattern in patterns.items() if pattern.search(words)}
    if found & {"for_dogs", "for_cats"}:
        found -= _FLAVOURS
    return found | life_stages(folded, found) if found else found


def species_in(claims: Iterable[str]) -> set[str]:
    """Those of ``claims`` that name a species."""
    return {claim for claim in claims if claim in _ANIMALS}


def life_stages(folded: str, species: set[str]) -> set[str]:
    """The life stages that are named, of an animal of these species."""
    found = set()
    if _YOUNG.search(folded):
        found |= {claim for claim, of in (("for_puppies", "for_dogs"), ("for_kittens", "for_cats")) if of in species}
    if _OLD.search(folded):
        found.add("for_old_animals")
    if _GROWN.search(folded):
        found.add("for_grown_animals")
    return found


def child_claims(folded: str) -> set[str]:
    """From what age a child may have it, and which stage of formula it is.

    >>> sorted(child_claims("apple puree 6+ months")), child_claims("parmesan 24 months")
    (['from_6_months'], set())
    """
    months = [] if _RIPENED.search(folded) else _months(folded)
    found = set()
    if _FORMULA.search(folded):
        stage = next((claim for claim, pattern in _STAGES if pattern.search(folded)), None)
        found |= {stage} if stage else set()
        years = _CHILD_YEARS.search(folded)
        months += [12 * int(years["age"] or years["age2"])] if years else []
    if _FROM_BIRTH.search(folded):
        months.append(0)
    if not months and _TODDLER.search(folded):
        months.append(12)
    if months:
        youngest = next((age for age in AGES if age >= min(months)), None)
        found |= {f"from_{youngest}_months"} if youngest is not None else set()
    return found


def _months(folded: str) -> list[int]:
    return [
        max(0, months_per_unit * int(next(filter(None, match.groups()))) + more)
        for pattern, (months_per_unit, more) in _AGES.items()
        for match in pattern.finditer(folded)
    ]
