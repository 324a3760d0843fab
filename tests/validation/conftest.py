"""Fixtures of the validation tests: published data, loaded once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

ENGLAND = Path(__file__).parents[2] / "data" / "england-births-and-deaths-by-imd-decile.csv"


@pytest.fixture(scope="session")
def england_strata() -> pd.DataFrame:
    """``period, stratum, numerator, denominator`` of stillbirths among total births."""
    table = pd.read_csv(ENGLAND, dtype={"year": str, "imd_decile": str})
    return pd.DataFrame(
        {
            "period": pd.PeriodIndex(table["year"], freq="Y"),
            "stratum": table["imd_decile"],
            "numerator": table["stillbirths"].astype(float),
            "denominator": (table["live_births"] + table["stillbirths"]).astype(float),
        }
    )


@pytest.fixture(scope="session")
def england(england_strata: pd.DataFrame) -> pd.DataFrame:
    """``numerator, denominator, rate`` (per 1 000) of all England, indexed by year."""
    total = england_strata[england_strata["stratum"] == "all"]
    frame = total[["numerator", "denominator"]].set_index(pd.PeriodIndex(total["period"]))
    return frame.assign(rate=1000 * frame["numerator"] / frame["denominator"])
