"""Text without the passwords that this process was given; where text is shown is decided elsewhere.

Our own messages hold none (``engine.describe``, ``place_url``). This is for what others say: a driver, a store's
library.
"""

import os
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, unquote_plus

URLS = ("SUBS_DATABASE_URL", "SUBS_CONTROL_URL", "SUBS_ARCHIVES", "SUBS_COMPUTE")
SECRET_URLS = ("SUBS_FAILURE_WEBHOOK",)
"""Whoever knows one may use it: it is a secret as a whole."""

SECRET_NAME = re.compile(r"(PASSWORD|SECRET|SECRET_ACCESS_KEY|SESSION_TOKEN|TOKEN|ACCOUNT_KEY)$")
_IN_AUTHORITY = re.compile(r"://[^/?#@:]*:(?P<secret>.*)@")  # greedy: a password may hold @ and /
_IN_QUERY = re.compile(r"[?&][a-z_]*password=(?P<secret>[^&#]+)", re.IGNORECASE)

SHORTEST = 4
"""A shorter one would be found in every other word."""

SHOWN = "***"


def without_secrets(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """``text`` with every password of the environment's URLs and secret variables, as it is written there or decoded,
    replaced."""
    for secret in sorted(set(_secrets(environment)), key=len, reverse=True):
        text = text.replace(secret, SHOWN)
    return text


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        found = [value.strip()] if SECRET_NAME.search(name) or name in SECRET_URLS else []
        if name in URLS:
            found += [match["secret"] for pattern in (_IN_AUTHORITY, _IN_QUERY) for match in pattern.finditer(value)]
        for secret in found:
            yield from (one for one in (secret, unquote(secret), unquote_plus(secret)) if len(one) >= SHORTEST)
