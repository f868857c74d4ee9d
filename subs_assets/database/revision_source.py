"""A revision's Python, laid out as ``ruff format`` would and worded as the revisions that are there; what a revision
does is decided in ``revise.py``."""

import ast
from collections.abc import Mapping, Sequence

LINE = 120

TYPES = {
    "TEXT": 'sa.Text().with_variant(sa.Text(collation="C"), "postgresql")',
    "WHOLE_NUMBER": 'sa.Integer().with_variant(sa.BigInteger(), "postgresql")',
}
"""``tables.py``'s, written out: a revision imports nothing of the package."""

DEFAULTS = (("nullable", True), ("unique", False))
"""Arguments that say what holds anyhow."""


def module_source(
    message: str, revision: str, down_revision: str, declared: Mapping[str, object], statements: Sequence[str]
) -> str:
    """The text of a revision's module.

    ``declared`` are its constants (``RENAMES`` ...), ``statements`` its upgrade, each one Python expression of ``op``
    and ``sa``.
    """
    upgrade = [_laid_out(_worded(statement), indent=4) for statement in statements]
    constants = [_laid_out(_parsed(repr(value)), before=f"{name} = ") for name, value in declared.items()]
    types = [f"{name} = {spelt}" for name, spelt in TYPES.items() if any(f", {name}" in line for line in upgrade)]
    uses_sqlalchemy = types or any("sa." in line for line in upgrade)
    blocks = [
        f'"""{message}"""',
        ("import sqlalchemy as sa\n" if uses_sqlalchemy else "") + "from alembic import op",
        f'revision = "{revision}"\ndown_revision = "{down_revision}"\nbranch_labels = None\ndepends_on = None',
        *(["\n".join(constants)] if constants else []),
        *(["\n".join(types)] if types else []),
    ]
    body = "\n".join(f"    {line}" for line in upgrade)
    return "\n\n".join(blocks) + f"\n\n\ndef upgrade() -> None:\n{body}\n"


def _parsed(expression: str) -> ast.expr:
    return ast.parse(expression, mode="eval").body


def _worded(statement: str) -> ast.expr:
    """What Alembic wrote, in our words."""
    return _OurWords().visit(_parsed(statement))


class _OurWords(ast.NodeTransformer):
    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if ast.unparse(node.func) == "op.f":  # a name that the naming convention gave
            return node.args[0]
        for name, spelt in TYPES.items():
            if ast.dump(node) == ast.dump(_parsed(spelt)):
                return ast.Name(name)
        node.keywords = [keyword for keyword in node.keywords if not _is_default(keyword)]
        return node


def _is_default(keyword: ast.keyword) -> bool:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    return any(keyword.arg == name and value is default for name, default in DEFAULTS)


def _laid_out(node: ast.expr, indent: int = 0, before: str = "", after: str = "") -> str:
    """On one line where it fits between ``before`` and ``after``, else with its parts on lines of their own."""
    on_one_line = f"{before}{_flat(node)}{after}"
    pieces = _pieces(node)
    if pieces is None or indent + len(on_one_line) <= LINE:
        return on_one_line
    opening, parts, closing = pieces
    inside = indent + 4
    together = _side_by_side(parts)
    if isinstance(node, ast.Call) and inside + len(together) <= LINE:
        lines = [together]
    else:
        lines = [_laid_out(part, inside, name, ",") for name, part in parts]
    return "\n".join(
        [f"{before}{opening}", *(" " * inside + line for line in lines), f"{' ' * indent}{closing}{after}"]
    )


def _flat(node: ast.expr) -> str:
    match node:
        case ast.Constant(value=str() as value):
            spelt = repr(value)
            return spelt if '"' in spelt else f'"{spelt[1:-1]}"'
        case ast.Attribute(value=value, attr=name):
            return f"{_flat(value)}.{name}"
        case ast.Tuple(elts=[single]):
            return f"({_flat(single)},)"
    if (pieces := _pieces(node)) is None:
        return ast.unparse(node)
    opening, parts, closing = pieces
    return f"{opening}{_side_by_side(parts)}{closing}"


def _side_by_side(parts: Sequence[tuple[str, ast.expr]]) -> str:
    return ", ".join(f"{name}{_flat(part)}" for name, part in parts)


def _pieces(node: ast.expr) -> tuple[str, list[tuple[str, ast.expr]], str] | None:
    """(opening bracket and what is before it, (name, value) of each part, closing bracket); None of what has none."""
    match node:
        case ast.Call(func=function, args=args, keywords=keywords):
            named = [(f"{keyword.arg}=", keyword.value) for keyword in keywords]
            return f"{_flat(function)}(", [*(("", argument) for argument in args), *named], ")"
        case ast.List(elts=elements):
            return "[", [("", element) for element in elements], "]"
        case ast.Tuple(elts=elements):
            return "(", [("", element) for element in elements], ")"
        case ast.Dict(keys=keys, values=values):
            return "{", [(f"{_flat(key)}: ", value) for key, value in zip(keys, values, strict=True) if key], "}"
    return None
