import pytest

from subs_assets.webserver.own_pages import why_refused

HERE = "127.0.0.1:3000"
JSON = "application/json"


@pytest.mark.parametrize(
    "kind, method, path, headers",
    [
        ("http", "GET", "/", {"host": HERE}),
        ("http", "GET", "/assets/listings", {"host": "localhost:3000", "sec-fetch-site": "cross-site"}),  # a link
        ("http", "GET", "/graphql", {"host": HERE, "accept": "text/html,*/*"}),  # Dagster's page to try queries on
        ("http", "POST", "/graphql", {"host": "[::1]:3000", "content-type": JSON}),
        ("http", "POST", "/graphql", {"host": HERE, "content-type": "application/json; charset=utf-8"}),
        ("websocket", "GET", "/graphql", {"host": HERE, "origin": f"http://{HERE}"}),
        ("websocket", "GET", "/graphql", {"host": HERE}),  # a program
        (
            "websocket",
            "GET",
            "/graphql",
            {"host": HERE, "x-forwarded-host": "subs.example.org", "origin": "https://subs.example.org"},
        ),
    ],
)
def test_answered(kind: str, method: str, path: str, headers: dict[str, str]) -> None:
    assert why_refused(kind, method, path, headers) is None


@pytest.mark.parametrize(
    "kind, method, path, headers, said",
    [
        ("http", "GET", "/graphql", {"host": HERE, "accept": "image/*"}, "ask by POST"),
        ("http", "HEAD", "/graphql/", {"host": HERE}, "ask by POST"),
        ("http", "GET", "/prefix/graphql", {"host": HERE}, "ask by POST"),
        ("http", "POST", "/graphql", {"host": HERE}, "say Content-Type"),
        ("http", "POST", "/graphql", {"host": HERE, "content-type": "text/plain; a=application/json"}, "say Content"),
        ("http", "POST", "/report_asset_materialization/a", {"host": HERE}, "say Content-Type"),
        ("http", "DELETE", "/", {"host": HERE}, "say Content-Type"),
        ("http", "OPTIONS", "/graphql", {"host": HERE}, "say Content-Type"),
        ("http", "GET", "/", {"host": "evil.example:3000"}, 'not of "evil.example:3000"'),
        ("http", "GET", "/", {}, 'not of ""'),
        ("http", "GET", "/", {"host": "127.0.0.1.evil.example"}, "not of"),
        ("http", "GET", "/", {"host": "evil.example@[::1"}, "not of"),
        ("websocket", "GET", "/graphql", {"host": "evil.example", "origin": "http://evil.example"}, "not of"),
        ("websocket", "GET", "/graphql", {"host": HERE, "origin": "http://evil.example"}, "may not listen"),
        ("websocket", "GET", "/graphql", {"host": HERE, "origin": "null"}, "may not listen"),
    ],
)
def test_refused(kind: str, method: str, path: str, headers: dict[str, str], said: str) -> None:
    assert said in (why_refused(kind, method, path, headers) or "")
