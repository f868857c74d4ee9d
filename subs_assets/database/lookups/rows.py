"""Conditions that several of the questions share."""

from typing import Any

from sqlalchemy import ColumnElement, and_


def same_listing(left: Any, right: Any) -> ColumnElement[bool]:
    """The condition that two tables speak of one listing."""
    return and_(left.c.company_slug == right.c.company_slug, left.c.sku == right.c.sku)


def given(filters: dict[str, str | None]) -> dict[str, str]:
    """The filters that somebody set."""
    return {name: value for name, value in filters.items() if value is not None}
