"""The heatmap is a picture of every company, also where there is little or nothing to show."""

import struct

import pandas as pd
import pytest

from subs_assets.report.heatmap import rates_picture

SETTINGS = ("siloed", "linked", "null")


def rates(companies: list[str], settings: tuple[str, ...] = SETTINGS) -> pd.DataFrame:
    rows = [(one, other, setting, 0.5) for one in companies for other in companies for setting in settings]
    return pd.DataFrame(rows, columns=["company_slug", "target_company_slug", "setting", "rate"])


def size(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


@pytest.mark.filterwarnings("ignore:Attempting to set identical:UserWarning")
@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(rates(["aldi", "coles", "iga"]), id="three companies"),
        pytest.param(rates(["aldi"]), id="one company"),
        pytest.param(rates(["aldi", "coles"], ("linked",)), id="one setting"),
        pytest.param(rates(["aldi", "coles"]).iloc[:4], id="pairs missing"),
        pytest.param(rates([]), id="nothing"),
    ],
)
def test_a_picture_is_made(frame: pd.DataFrame) -> None:
    width, height = size(rates_picture(frame))
    assert width > height > 100


def test_more_companies_make_a_larger_picture_and_other_rates_another() -> None:
    few, many = rates(["aldi", "coles"]), rates([f"company_{n}" for n in range(6)])
    assert size(rates_picture(few)) < size(rates_picture(many))
    assert rates_picture(few) != rates_picture(few.assign(rate=0.9))
