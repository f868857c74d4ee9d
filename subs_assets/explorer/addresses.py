"""Where the explorer is unless somebody says otherwise, and the addresses of its pages, for whatever leads there; the
pages themselves are in pages/."""

from functools import lru_cache
from typing import Literal
from urllib.parse import quote

HOST, PORT = "127.0.0.1", 8765
URL = f"http://{HOST}:{PORT}"
"""Of ``subs serve`` without options; the addresses below are what follows it."""

OVERVIEW, SEARCH, CATEGORIES, SET_ASIDE = "/", "/search", "/categories", "/set-aside"


def address_part(text: str) -> str:
    """
    >>> address_part("a/b c")
    'a%2Fb%20c'
    """
    return quote(text, safe="")


def pair_address(company: str, target_company: str) -> str:
    """
    >>> pair_address("aldi", "coles")
    '/rates/aldi/coles'
    """
    return f"/rates/{address_part(company)}/{address_part(target_company)}"


def product_address(product_id: str) -> str:
    """Of its page."""
    return f"/products/{address_part(product_id)}"


def tree_address(company: str) -> str:
    """Of this company's categories, beside those of whichever other company the page chooses."""
    return "/categories?" + _query(company=company)


def trees_address(company: str, target_company: str, **more: str | int) -> str:
    """
    >>> trees_address("aldi", "coles", branch='["Tea"]')
    '/categories?company=aldi&target_company=coles&branch=%5B%22Tea%22%5D'
    """
    return "/categories?" + _query(company=company, target_company=target_company, **more)


def category_address(company: str, path: str, **more: str | int) -> str:
    """Of its page; ``more`` are further parameters."""
    return "/categories/category?" + _query(company=company, path=path, **more)


def mapping_address(company: str, path: str, target_company: str, target_path: str) -> str:
    """Of its page."""
    sides = {"company": company, "path": path, "target_company": target_company, "target_path": target_path}
    return "/categories/mapping?" + _query(**sides)


def set_aside_address(company: str) -> str:
    """Of the rows of one company."""
    return "/set-aside?" + _query(company=company)


def review_address(kind: Literal["equivalence", "substitution"], **of_pair: str) -> str:
    """Of the questions of a kind, or of those alone of one ``company`` and another one, the ``target``.

    >>> review_address("equivalence", company="aldi", target="coles")
    '/review?kind=equivalence&company=aldi&target=coles'
    """
    return "/review?" + _query(kind=kind, **of_pair)


def _query(**fields: str | int) -> str:
    return "&".join(f"{name}={_quoted(str(value))}" for name, value in fields.items())


@lru_cache(10_000)
def _quoted(text: str) -> str:
    """A page of two trees says each path several times."""
    return address_part(text)
