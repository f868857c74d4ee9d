"""Whether two SQL texts say the same, whatever a database made of one when a table or a column got another name."""

import re
from collections.abc import Mapping

_TOKENS = re.compile(
    r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|"(?:[^"]|"")+"|`[^`]+`|\[\w[\w ]*\]|\w+|[^\s\w]""", re.DOTALL
)
_WORDS = re.compile(r"\w+")
_COMMENTS = ("--", "/*")
_ALIAS = "as"


class Wording:
    """Texts to be compared where ``renames`` (old -> new, both as revisions declare them) were carried out on some."""

    def __init__(self, renames: Mapping[str, str]) -> None:
        self._one_word: dict[str, str] = {}
        for old, new in renames.items():
            for pair in {_after_the_first_dot(old, new), (old.rpartition(".")[2], new.rpartition(".")[2])}:
                self._unite(*(word.lower() for word in pair))

    def of(self, sql: str) -> tuple[str, ...]:
        """The words and signs of a text, the same for the same statement: without spaces, comments and the quotes of
        names, and with one word for all the names that one thing has had.
        """
        tokens: list[str] = []
        for token in _TOKENS.findall(sql):
            if token.startswith(_COMMENTS):
                continue
            tokens.append(self._said(token))
            # PostgreSQL goes on calling a view's column as it was called: `SELECT new AS old`.
            if len(tokens) > 2 and tokens[-2] == _ALIAS and tokens[-3] == tokens[-1]:
                del tokens[-2:]
        return tuple(tokens)

    def _said(self, token: str) -> str:
        if token.startswith("'") and len(token) > 1:  # it may name a table or a sequence, as nextval does
            return _WORDS.sub(lambda word: self._one_word.get(word[0], word[0]), token)
        name = token[1:-1].replace('""', '"') if len(token) > 1 and token[0] in '"`[' else token
        return self._one_word.get(name.lower(), name.lower())

    def _unite(self, old: str, new: str) -> None:
        # Both become one word, so that names that changed places are equal too.
        ends = {self._one_word.get(old, old), self._one_word.get(new, new)}
        words = [word for word, said in self._one_word.items() if said in ends]
        self._one_word.update(dict.fromkeys((*words, old, new), new))


def _after_the_first_dot(old: str, new: str) -> tuple[str, str]:
    """A column with a dot in its name; what has no dot is a table, and whole."""
    return old.partition(".")[2] or old, new.partition(".")[2] or new


def names_in(sql: str) -> frozenset[str]:
    """Every word that may be a name, in small letters."""
    return frozenset(Wording({}).of(sql))


def parts_of_table(sql: str) -> dict[str, tuple[str, ...]]:
    """Of a CREATE TABLE: each column, in small letters, and the words and signs behind it; what stands in brackets is
    one of them.
    """
    found: dict[str, tuple[str, ...]] = {}
    depth, part, in_brackets = 0, list[str](), list[str]()
    for token in Wording({}).of(sql):
        depth -= token == ")"
        if depth > 1 or (depth == 1 and token in ("(", ")")):
            in_brackets.append(token)
            if depth == 1 and token == ")":
                part.append(" ".join(in_brackets))
                in_brackets = []
        elif part and (depth == 0 or token == ","):
            found[part[0]] = tuple(part[1:])
            part = []
        elif depth == 1:
            part.append(token)
        depth += token == "("
    return found
