"""A signed-in person's cookie, and the token of the forms that this person is shown: made and read, both without
memory, so that they hold across restarts as long as SUBS_TOKEN stays the same."""

import base64
import hmac
import json
from hashlib import sha256

from subs_assets.explorer.access import without_port

COOKIE = "subs_session"
"""Sent along with a link from another site (SameSite=Lax), as from Dagster's pages: to read as oneself. No GET changes
anything; a form of another site is refused by the guard, and lacks the form's token."""
LASTS_SECONDS = 12 * 60 * 60
LONGEST_NAME = 100


def is_name(text: str) -> bool:
    """Whether a text can stand as who decided: one line, not too long."""
    return 0 < len(text.strip()) <= LONGEST_NAME and text.isprintable()


def cookie_name(name: str, host: str) -> str:
    """As a cookie is called at this ``Host``: a browser keeps those of all ports together, and two explorers on one
    machine would overwrite each other's.

    >>> cookie_name(COOKIE, "127.0.0.1:8765"), cookie_name(COOKIE, "prices.example.org"), cookie_name(COOKIE, "[::1]:²")
    ('subs_session_8765', 'subs_session', 'subs_session')
    """
    port = host[len(without_port(host)) + 1 :]
    return f"{name}_{port}" if port.isascii() and port else name


def make_session(token: str, name: str, now: float) -> str:
    """The cookie's value for this person, from now on for LASTS_SECONDS."""
    content = json.dumps([name, int(now) + LASTS_SECONDS]).encode()
    text = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"{text}.{_signature(token, 'session', text)}"


def read_session(token: str, cookie: str, now: float) -> str | None:
    """Who has signed in; None where this is not our cookie, or is over."""
    text, _, signature = cookie.rpartition(".")
    if not cookie.isascii() or not hmac.compare_digest(signature, _signature(token, "session", text)):
        return None
    name, ends = json.loads(base64.urlsafe_b64decode(text + "=="))
    return str(name) if now < ends else None


def form_token(token: str, person: str) -> str:
    """What a form of this person's pages must bring: another site's page cannot know it."""
    return _signature(token, "form", person)


def is_form_token(token: str, person: str, brought: str) -> bool:
    """Whether a form brought its person's own token; compared in constant time."""
    return hmac.compare_digest(brought.encode(), form_token(token, person).encode())


def is_token(token: str, brought: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(brought.encode(), token.encode())


def _signature(token: str, purpose: str, text: str) -> str:
    return hmac.new(token.encode(), f"{purpose}:{text}".encode(), sha256).hexdigest()
