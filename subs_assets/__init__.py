"""The grocery substitution graph; importing the package loads neither Dagster nor pandas.

``defs`` is what ``dagster ... -m subs_assets`` looks for; it is made when it is first asked for.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    if name == "defs":
        from subs_assets.definitions import defs

        return defs
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    # Dagster looks for definitions among what dir() tells, before it asks for any of it.
    return [*globals(), "defs"]
