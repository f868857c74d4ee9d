"""Why something failed, of errors as Dagster keeps them."""

import sys

import pytest
from dagster import Failure
from dagster._utils.error import serializable_error_info_from_exc_info

from subs_assets.reason import reason_of


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (OSError(28, "No space left on device"), "OSError: [Errno 28] No space left on device"),
        (Failure("corner: the file is empty"), "corner: the file is empty"),
    ],
)
def test_what_went_wrong_first_is_told(cause: Exception, said: str) -> None:
    try:
        raise RuntimeError("Error occurred during the execution of the sensor") from cause
    except RuntimeError:
        error = serializable_error_info_from_exc_info(sys.exc_info())
    assert reason_of(error) == said
