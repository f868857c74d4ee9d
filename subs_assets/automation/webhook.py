"""Posts a message to the webhook that ``SUBS_FAILURE_WEBHOOK`` names, and never shows its URL, which is a secret; what
is told is not known here."""

import os
import time
from collections.abc import Mapping
from typing import Any

from subs_assets.redaction import without_secrets

WEBHOOK = "SUBS_FAILURE_WEBHOOK"

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 5, 8
PAUSES = (1.0, 3.0)
"""Seconds before the second and the third try. All together stays under the 60 seconds that Dagster gives a tick."""


class WebhookFailed(RuntimeError):
    """Why a message did not arrive, and what to do; without the URL."""


class _TryAgain(Exception):
    """A failure that may pass by itself."""


def is_webhook_set(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether anybody is to be told."""
    return bool(environment.get(WEBHOOK))


def post(message: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> None:
    """Post a message as JSON, without the environment's passwords: it quotes what others say. Raises WebhookFailed when
    it was not taken, after some tries where that may help.

    A message whose answer was lost may arrive twice.
    """
    url = environment.get(WEBHOOK, "").strip()
    message = _without_secrets(message, environment)
    for pause in (*PAUSES, None):
        try:
            problem = _problem(url, message)
            break
        except _TryAgain as failure:
            problem = str(failure)
        if pause is not None:
            time.sleep(pause)
    if problem is not None:
        # Out here, so that no exception of requests, all of which quote the URL, is the cause or the context of it.
        raise WebhookFailed(f"the webhook of {WEBHOOK} {problem}")


def _without_secrets(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return without_secrets(value, environment)
    if isinstance(value, Mapping):
        return {name: _without_secrets(inner, environment) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(inner, environment) for inner in value]
    return value


def _problem(url: str, message: Mapping[str, Any]) -> str | None:
    """None when the message was taken. No retries of urllib3's: it logs each one with the URL's path."""
    import requests  # only by whoever has something to tell

    try:
        with requests.post(
            url,
            json=message,
            timeout=(SECONDS_TO_CONNECT, SECONDS_TO_ANSWER),
            # The message is for that host alone.
            allow_redirects=False,
            stream=True,  # nobody needs the answer's body, however long
        ) as answer:
            status = answer.status_code
    except requests.Timeout:
        raise _TryAgain("does not answer in time; see that its service is up") from None
    except requests.ConnectionError as error:
        kind = type(error).__name__
        raise _TryAgain(f"cannot be reached ({kind}); see its host, the network and HTTPS_PROXY") from None
    except (requests.RequestException, ValueError) as error:
        return f"is no URL to post to ({type(error).__name__}); set it to one like https://host/path"
    if status >= 500 or status == 429:
        raise _TryAgain(f"answers {status}; see that its service is well")
    if 300 <= status < 400:
        return f"answers {status}, a redirect, which is not followed; set it to where the service has moved"
    return None if status < 300 else f"answers {status}; see that it still exists, and make a new one if not"
