"""Claims in a listing's own words, English and German: patterns for what food is, or is free from; whom it is for is
read in eaters.py, and what a claim means stands in claims.csv. Categories and facets are not looked at here.
"""

import re

from subs_assets.catalogue.any_of import any_of
from subs_assets.catalogue.claim_table import with_implied
from subs_assets.catalogue.eaters import ANIMAL_PIECES, CHILD_PIECES, animal_claims, child_claims

_FREE_FROM = {
    "gluten_free": r"gluten",
    "lactose_free": r"lacto(?:se)?|lakto?(?:se?)?",
    "dairy_free": r"dairy|milk|milch",
    "egg_free": r"eggs?|ei|eier",
    "nut_free": r"(?:tree[\s-]?)?nuts?|nuss|nüsse",
    "peanut_free": r"peanuts?|erdnuss|erdnüsse",
    "soy_free": r"soya?|soja",
    "wheat_free": r"wheat|weizen",
    "sugar_free": r"sugars?|zucker|zuk\.?",
    "alcohol_free": r"alcohol|alkoh?o?l?\.?|alk\.?",
    "decaf": r"caffeine?|[kc]offein|koff\.?",
    "no_added_salt": r"salt|salz",
    "low_fat": r"fat|fett",
    "vegetarian": r"meat|fleisch",
    "grain_free": r"grains?|getreide",
    "fragrance_free": r"fragrance|perfume|parf[uü]m|duft",
}
"""Substances that a listing may say it is free from, in "gluten free", "dairy & gluten free", "glutenfrei", "free
from gluten", "no gluten"; with the abbreviations of long names ("alk.frei").
"""

_LESS_OF = {"sugar_free": "low_sugar", "no_added_salt": "low_salt", "alcohol_free": "low_alcohol"}
"""What "97% ... free" says of a substance."""

_SUBSTANCE = "|".join(f"(?:{pattern})" for pattern in _FREE_FROM.values())
_NAMED = {claim: re.compile(rf"(?<!\w)(?:{substance})(?!\w)") for claim, substance in _FREE_FROM.items()}
_AND = r"[\s-]*(?:,|&|\+|/|\band\b|\bund\b|\bor\b|\boder\b)[\s-]*"
_LIST = rf"(?:\b(?:{_SUBSTANCE})(?!\w)(?:{_AND}|[\s-]+free(?:{_AND}|\s+)(?=(?:{_SUBSTANCE})(?!\w))))*"
_FREI = r"frei(?:e[rsnm]?)?(?![^\W\d])"

_FREE_FROM_PHRASES = tuple(
    re.compile(pattern)
    for pattern in (
        # "Free Range" is no claim about what stands before it, and "97% sugar free" is not sugar free.
        rf"(?P<list>{_LIST}\b(?:{_SUBSTANCE}))(?:[\s-]*(?:free(?!\w)|{_FREI})(?![\s-]*range)|fr\.)",
        rf"(?P<list>gluten|lactose|laktose|al[kc]ohol|milch){_FREI}",
        r"\b(?P<list>egg|sugar|meat)less\b",
        r"\b(?:free[\s-]+from|frei von|ohne|without|contains no)\s+(?:added\s+)?"
        rf"(?P<list>{_LIST}\b(?:{_SUBSTANCE})(?!\w))"
        r"(?![\s-]*(?:added|zusatz|geröstet|pikant|im\b))",
        rf"(?:\b(?:no|zero|non)|(?<![\d.,])0(?:[.,]0)?\s?%)[\s-]+(?P<list>{_LIST}\b(?:{_SUBSTANCE})(?!\w))"
        r"(?![\s-]*(?:add|zusatz|free(?![\s-]*range)|reduced))",
    )
)

_DRINK = (
    r"\b(?:coke|cola|coca-cola|pepsi|fanta|sprite|lemonade|limonade|limo|tonic|soda|drinks?|energy|eistee|ice[\s-]?tea"
    r"|schweppes|frucade|waldquelle|7up|red bull|monster|ginger beer|bitter lemon|cordial|dr pepper|solo|sunkist"
    r"|kirks)\b"
)
_BEER = r"\b(?:\w*bier|beer|lager|pils\w*|\w*radler|\w*weizen|ale|ipa|cider|heineken|carlton|stiegl|wine|gin)\b"
_DAIRY = (
    r"(?:milk|milch|(?:sour|thickened|cooking|whipp\w+|coconut|ice) cream|yog|jogh|jogurt|cheese|käse|mayo|dressing"
    r"|peanut|butter\b(?! bronzer)|margarine|ricotta|mozzarella|feta|gouda|custard|tasty|sandwich slices"
    r"|topfen|quark|obers|rahm|kokos|coconut|philadelphia|spread|mousse)"
)

_WORDS = {
    "vegan": ("vegan", r"\b(?:easy|bio)?vegan(?:e[rsnm]?|s|z|uary)?\b"),
    "lactose_free": ("minus free frei", r"\bminus[\s-]?l\b|\bl[.-]fr(?:ee|ei)\b"),
    "plant_based": (
        "plant pflanz",
        r"\bplant[\s-]?based\b|\bpflanz(?:lich|enbasiert\w*)\b|\b(?:100\s?%|rein|auf) pflanzlich\w*"
        r"|\bpflanzliche?[rs]? (?:dessert|pudding|alternative|joghurt|käse|aufstrich|schlag)",
    ),
    "vegetarian": (
        "vegetari fleischlos veggie vegie",
        r"\bvegetarians?\b(?![\s-]fed)|\bvegetarier\b|\bvegetarisch(?:e[rsnm]?)?\b|\bfleischlos\w*"
        r"|\bvegg?ie (?:burger|sausage|patt|mince|nugget|schnitzel|hack|bolognese|laibchen|wurst|würst|dog)",
    ),
    "halal": ("halal", r"\bhalal\b"),
    # Kosher salt is a coarse salt.
    "kosher": (
        "kosher koscher",
        r"\bkosher\b(?![\s-]+(?:style|(?:sea |rock )?salt|flakes|dill))|\bkoscher(?:e[rsnm]?)?\b(?![\s-]*salz)",
    ),
    "low_fodmap": ("fodmap", r"\b(?:low[\s-]+fodmap|fodmap[\s-]+friendly)\b"),
    "organic": (
        "organic bio combiotik",
        r"\borganics?\b|\bbiologisch(?:e[rsnm]?)?\b|"
        r"\bbio\b(?![\s-]*(?:oil|öl|active|aktiv|dynamic|zyme?|degradable|kult|cultures?))",
    ),
    "free_range": (
        "free freil",
        r"\bfree[\s-]+range\b|\bfreiland(?:hal\w*|ei\w*|huhn|hühner|hendl|ente|gans|puten?|qualität)?\b|\bfreilauf\w*",
    ),
    "no_added_sugar": (
        "sugar zucker sweet süss zero",
        r"\bno[\s-]+(?:added[\s-]+(?:cane[\s-]+)?sugars?|sugars?[\s-]+add(?:ed)?)\b"
        r"|\bwithout added sugars?\b|(?:\bohne|\bkein|0\s?%) (?:\w+ )?zucker[\s-]?zusatz\b|\bohne zuckersatz\b"
        r"|\bohne (?:zugesetzten zucker|zusatz von zucker)\b"
        r"|\b(?:zero|0) added sugars?\b|\bunsweetened\b|\bungesüsst\w*|\bungezuckert\w*"
        r"|(?:yog|jog|quark|milchreis|ketchup|hafer|latte|exquisa|corny).*\bzero\b(?!%)|\bzero (?:\w+ )?yog",
    ),
    "sugar_free": (
        "zero light diet max",
        rf"{_DRINK}.*\b(?:zero|light|diet)\b|\b(?:zero|diet|light) (?:\w+ )?{_DRINK}|\bpepsi max\b"
        r"|\bzero (?:calories|kalorien)\b|\b(?:orange|lemon|zitrone|lemonsoda|mate|sirup) (?:\w+ ){0,2}zero\b(?!%)",
    ),
    "low_sugar": (
        "sugar zucker",
        r"\b(?:low|reduced|less)[\s-]+(?:in[\s-]+)?sugars?\b|\bsugars?[\s-]+reduced\b"
        r"|\bzucker(?:arm|reduziert)\w*|\bzucker-? ?& ?salzreduziert\w*|\bweniger zucker\b|\breduced salt & sugar\b"
        r"|-\d\d ?% zucker\b",
    ),
    "decaf": (
        "decaf caff koffein coffein",
        r"\bdecaff?i?\b|\bde-?caff?ein\w*|\bent[kc]off?ein\w*|\bent[kc]affein\w*",
    ),
    "alcohol_free": (
        "alc entalk 0.0 0,0 zero freibier clausthaler cabernet chardonnay",
        r"\bnon[\s-]?alc(?:oholic)?\b|\bde-?alcoholi[sz]ed\b|\balcohol removed\b|\bentalkoholisiert\w*"
        r"|(?<!\d)0[.,]0\s?%(?! ?(?:zucker|sugar|fett|fat))"
        r"|(?<![\d.,])0[.,]0(?![\d.,]|\s?%)"
        rf"|{_BEER}.*(?<!of )\bzero\b|\bzero\s.*{_BEER}"
        r"|\bzero (?:shiraz|merlot|pinot|chardonnay|cabernet|sauvignon|ros)"
        r"|\bfreibier\b|\bclausthaler\b|\b(?:\w*bier|cabernet|chardonnay)\b.* af\b",
    ),
    "low_alcohol": (
        "alcohol alkohol light",
        r"\blow[\s-]+alcohol\b|\blighter in alcohol\b|\balkohol(?:arm|reduziert)\w*|\blight beer\b",
    ),
    "dairy_free": ("dairy", r"\bnon[\s-]?dairy\b"),
    "no_added_salt": (
        "salt salz",
        r"\bno[\s-]+(?:added[\s-]+salt|salt[\s-]+added)\b|\bunsalted\b|\bungesalzen\w*|\bohne salzzusatz\b",
    ),
    "low_salt": (
        "salt salz sodium",
        r"\b(?:low|reduced|less)[\s-]+(?:in[\s-]+)?(?:salt|sodium)\b|\b(?:salt|sodium)[\s-]+reduced\b"
        r"|salz(?:arm|reduziert)\w*|\bweniger (?:zucker & )?salz\b|\breduced sugar & salt\b",
    ),
    "low_fat": (
        "fat fett skim mager light lite leicht",
        r"\b(?:low|reduced|less|red)[\s-]+(?:in[\s-]+)?fat\b|\bfat[\s-]+reduced\b|\bskim(?:med)?\b"
        r"|\b\d{1,3}(?:[.,]\d+)?\s?% fat free\b|(?<![\d.,])[01](?:[.,]\d+)?\s?% (?:fat|fett)\b"
        r"|\b(?:halb)?fett(?:arm|reduziert)\w*|\bmager(?:e[rsnm]?|milch|topfen|quark|joghurt)?\b|\bleichtmilch\b"
        rf"|\b(?:light|lite|leichte?r?)\b (?!tast(?:e|ing)\b).*{_DAIRY}|{_DAIRY}.*\b(?:light|lite|leicht)\b",
    ),
    "fragrance_free": ("scent parfüm", r"\bunscented\b|\bunparfümiert\w*"),
}
"""Per claim: pieces of words, one of which is in every name that says it, and the pattern for how it is said."""

_FREE_FROM_PIECES = (
    "free",
    "frei",
    "fr.",
    "ohne ",
    "without",
    "contains no",
    "less",
    "no ",
    "no-",
    "non ",
    "non-",
    "zero",
    "0%",
    "0 %",
)

_PATTERNS = {claim: re.compile(pattern) for claim, (_, pattern) in _WORDS.items()}
_FREE_FROM_WORDS, _ANIMAL, _CHILD = "free from", "animal", "child"

_PIECES = {claim: tuple(pieces.split()) for claim, (pieces, _) in _WORDS.items()} | {
    _FREE_FROM_WORDS: _FREE_FROM_PIECES,
    _ANIMAL: ANIMAL_PIECES,
    _CHILD: CHILD_PIECES,
}
_FIRST_LOOK = any_of(piece for pieces in _PIECES.values() for piece in pieces)
"""A cheap look that spares most names the patterns."""

_WORTH_A_LOOK = {
    found: frozenset(what for what, pieces in _PIECES.items() if any(piece.startswith(found) for piece in pieces))
    for pieces in _PIECES.values()
    for piece in pieces
    for found in _FIRST_LOOK.findall(piece)[:1]
}
"""What each piece that the first look finds may belong to: it finds the shortest of those that begin alike."""

_PLAIN = (("’", "'"), ("\N{HYPHEN}", "-"), ("\N{NON-BREAKING HYPHEN}", "-"), ("\N{EN DASH}", "-"))

_TAKEN_BACK = re.compile(
    r"\b(?:(?:not|nicht|kein\w*|isn't|almost|nearly|fast)[\s-]+(?:(?:suitable|geeignet)[\s-]+)?|unsuitable\s+)"
    r"(?:(?:for|für)[\s-]+)?$"
)
"""What takes a claim back when it stands right before it: "not gluten free", "not suitable for vegans"."""

_SHARE_BEFORE = re.compile(r"(?P<share>\d+(?:[.,]\d+)?)\s?%\s*$")

AS_GOOD_AS_FREE = 99.5
"""Percent: what holds at most half a gram in a hundred may be called sugar free (EU 1924/2006, annex); "97% sugar free"
has less sugar."""


def fold(text: str) -> str:
    """``text`` in the form that the patterns are written for: small letters, single spaces, plain hyphens."""
    words = " ".join(text.casefold().split()) + " "
    for odd, plain in _PLAIN:
        words = words.replace(odd, plain)
    return words


def find_claims(text: str) -> frozenset[str]:
    """Claim slugs that ``text`` (a listing's name, with its brand) makes, with those that they imply."""
    folded = fold(text)
    pieces = set(_FIRST_LOOK.findall(folded))
    if not pieces:
        return frozenset()
    looked_for = frozenset().union(*(_WORTH_A_LOOK[piece] for piece in pieces))
    found = _free_from_claims(folded) if _FREE_FROM_WORDS in looked_for else set()
    for claim in looked_for & _PATTERNS.keys():
        if any(not _TAKEN_BACK.search(folded[: match.start()]) for match in _PATTERNS[claim].finditer(folded)):
            found.add(claim)
    animal = animal_claims(folded) if _ANIMAL in looked_for else set()
    child = child_claims(folded) if _CHILD in looked_for else set()
    # An age beside an animal is the animal's.
    found |= animal | {claim for claim in child if not (animal and claim.startswith("from_"))}
    return with_implied(found)


def _free_from_claims(folded: str) -> set[str]:
    found = set()
    for phrase in _FREE_FROM_PHRASES:
        for match in phrase.finditer(folded):
            before = folded[: match.start()]
            if _TAKEN_BACK.search(before):
                continue
            nearly_free = match[0].rstrip().endswith("free") and _is_nearly_all(before)
            for claim, named in _NAMED.items():
                if named.search(match["list"]):
                    found.add(_LESS_OF.get(claim, claim) if nearly_free else claim)
    return found


def _is_nearly_all(before: str) -> bool:
    """Whether the words before "sugar free" end in a share such as "97%"; of cocoa it says "70%"."""
    share = _SHARE_BEFORE.search(before)
    return share is not None and 80 < float(share["share"].replace(",", ".")) < AS_GOOD_AS_FREE
