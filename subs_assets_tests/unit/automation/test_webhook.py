"""Posting to a webhook, on a real server of this machine that takes, refuses, redirects, hangs or is not there."""

import socket
import traceback

import pytest

from subs_assets.automation import webhook
from subs_assets.automation.webhook import PAUSES, WEBHOOK, WebhookFailed, is_webhook_set, post
from subs_assets_tests.webhook_server import SECRET, WebhookServer


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "PAUSES", (0.0, 0.0))


def environment(server: WebhookServer) -> dict[str, str]:
    return {WEBHOOK: server.url}


def refused(server_url: str) -> str:
    """The sentence, after a look that the secret is nowhere in what is shown of the error."""
    with pytest.raises(WebhookFailed) as caught:
        post({"text": "hello"}, {WEBHOOK: server_url})
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown and SECRET not in repr(caught.value) and caught.value.__context__ is None
    return str(caught.value)


def test_a_message_is_posted_as_json(webhook_server: WebhookServer) -> None:
    post({"text": "Käse: 3 €", "job": "nightly"}, environment(webhook_server))
    assert webhook_server.received == [{"text": "Käse: 3 €", "job": "nightly"}]


def test_no_text_of_a_message_holds_a_password(webhook_server: WebhookServer) -> None:
    said = "at postgresql://me:opensesame@host/name"
    given = environment(webhook_server) | {"SUBS_DATABASE_URL": said.removeprefix("at ")}
    message = {"text": said, "failed_steps": [{"step": "listings", "reason": said}], "succeeded": False}
    post(message, given)
    (received,) = webhook_server.received
    told = "at postgresql://me:***@host/name"
    assert received == {"text": told, "failed_steps": [{"step": "listings", "reason": told}], "succeeded": False}


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_may_pass_is_tried_again(webhook_server: WebhookServer, status: int) -> None:
    webhook_server.answers = [status, status, 200]
    post({"text": "hello"}, environment(webhook_server))
    assert len(webhook_server.received) == 3
    webhook_server.answers = [status]
    assert f"answers {status}" in refused(webhook_server.url)
    assert len(webhook_server.received) == 6


@pytest.mark.parametrize("status", [400, 403, 404, 410])
def test_what_will_not_pass_is_not(webhook_server: WebhookServer, status: int) -> None:
    webhook_server.answers = [status]
    assert f"answers {status}; see that it still exists" in refused(webhook_server.url)
    assert len(webhook_server.received) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(webhook_server: WebhookServer, status: int) -> None:
    with webhook_server.another() as elsewhere:
        webhook_server.answers, webhook_server.location = [status], elsewhere.url
        assert "a redirect, which is not followed" in refused(webhook_server.url)
        assert len(webhook_server.received) == 1 and elsewhere.received == []


def test_a_webhook_that_hangs_is_not_waited_for(webhook_server: WebhookServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "SECONDS_TO_ANSWER", 0.05)
    webhook_server.hangs.set()
    assert "does not answer in time" in refused(webhook_server.url)
    assert len(webhook_server.received) == 3


def test_a_webhook_that_is_not_there_is_told_without_its_url() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert "cannot be reached (ConnectionError)" in refused(f"http://127.0.0.1:{port}/{SECRET}")


@pytest.mark.parametrize(
    "url", [f"hooks.example/{SECRET}", f"ftp://hooks.example/{SECRET}", f"https:///{SECRET}", SECRET]
)
def test_what_is_no_url_is_told_without_it(url: str) -> None:
    assert "is no URL to post to" in refused(url)


def test_retries_log_nothing_of_the_url(webhook_server: WebhookServer, caplog: pytest.LogCaptureFixture) -> None:
    webhook_server.answers = [500]
    with caplog.at_level("INFO"):
        refused(webhook_server.url)
    assert SECRET not in caplog.text


def test_it_fits_into_the_time_that_dagster_gives_a_tick() -> None:
    tries = len(PAUSES) + 1
    assert tries * (webhook.SECONDS_TO_CONNECT + webhook.SECONDS_TO_ANSWER) + sum(PAUSES) < 60


def test_a_webhook_is_set_or_not() -> None:
    assert is_webhook_set({WEBHOOK: "https://a.example/x"})
    assert not is_webhook_set({}) and not is_webhook_set({WEBHOOK: ""})
