"""Why something failed, read off the errors that Dagster keeps; who is told of it is not known here."""

from typing import Any


def innermost(error: Any) -> Any:
    """What went wrong first, of a ``SerializableErrorInfo``: what Dagster puts around it says only where."""
    while error.cause is not None:
        error = error.cause
    return error


def reason_of(error: Any) -> str:
    """The sentence of what went wrong first. A ``Failure`` was raised for its sentence, and is not named."""
    cause = innermost(error)
    said = str(cause.message).strip()
    return said.partition(": ")[2] or said if cause.cls_name == "Failure" else said
