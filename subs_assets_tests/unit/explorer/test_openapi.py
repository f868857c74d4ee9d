"""The API held against its own OpenAPI document: asked whatever that allows, and much that it does not."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from starlette.testclient import TestClient

from subs_assets.settings import Settings
from subs_assets_tests.unit.explorer.conftest import ACCESS, TOKEN, application

EXAMPLES = 10

OPERATIONS = (
    ("GET", "/api/v1/products"),
    ("GET", "/api/v1/products/{product_id}"),
    ("GET", "/api/v1/substitutes"),
    ("GET", "/api/v1/equivalences"),
    ("GET", "/api/v1/rates"),
    ("GET", "/api/v1/categories"),
    ("POST", "/api/v1/decisions"),
    ("GET", "/api/v1/decisions"),
    ("GET", "/api/v1/health"),
)


TAKE_ANYTHING = ("/api/v1/health", "/api/v1/products/{product_id}")
"""What is no text cannot stand in an address, so nothing can be made up that would be wrong."""


@pytest.fixture(scope="module")
def document(homes: Callable[[str], Settings]) -> Any:
    import schemathesis

    headers = {"Host": "localhost"}
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", application(homes("sqlite"), ACCESS), headers=headers)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (*operation, mode)
        for operation in OPERATIONS
        for mode in ("positive", "negative")
        if mode == "positive" or operation[1] not in TAKE_ANYTHING
    ],
)
def test_every_answer_is_one_that_the_document_names(document: Any, method: str, path: str, mode: str) -> None:
    from schemathesis import GenerationMode
    from schemathesis.checks import positive_data_acceptance

    cases = document[path][method].as_strategy(generation_mode=GenerationMode(mode))

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def ask(case: Any) -> None:
        answer = case.call(headers={"Host": "localhost", "Authorization": f"Bearer {TOKEN}"})
        # Of what is too long nothing else is looked at. What is sold, and may be decided, no document says.
        if answer.status_code not in (413, 414):
            case.validate_response(answer, excluded_checks=[positive_data_acceptance] if method == "POST" else [])

    ask()


def test_the_document_is_whole_and_says_what_columns_mean(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    asked = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert asked == set(OPERATIONS)
    substitute = document["components"]["schemas"]["Substitute"]["properties"]
    assert substitute["pack_ratio"]["description"] == "How many of the substitute make up one product"
    assert document["paths"]["/api/v1/decisions"]["post"]["security"] == [{"token": []}]
