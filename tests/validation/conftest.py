"""Fixtures of the validation tests: published data, loaded once."""

from __future__ import annotations

import importlib.util
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


@pytest.fixture(scope="session")
def mpdta() -> pd.DataFrame:
    """County teen employment 2003-2007 (Callaway & Sant'Anna), as moderndid carries it."""
    package = importlib.util.find_spec("moderndid")
    assert package is not None
    assert package.origin is not None
    table = pd.read_pickle(Path(package.origin).parent / "core/datasets/mpdta_long.pkl.gz")
    table = table.rename(columns={"first.treat": "first", "countyreal": "county"})
    return table.astype({"first": int, "county": int, "year": int})


@pytest.fixture(scope="session")
def organ_donation() -> pd.DataFrame:
    """Organ-donor registration by state and quarter; California changed in Q3 2011."""
    table = pd.read_csv(
        Path(str(importlib.util.find_spec("causaldata").origin)).parent
        / "organ_donations/organ_donation.csv"
    )
    quarter = table["Quarter"].str[2:] + table["Quarter"].str[:2]
    return pd.DataFrame(
        {
            "state": table["State"],
            "period": pd.PeriodIndex(quarter, freq="Q"),
            "rate": table["Rate"],
            "treated": (table["State"] == "California").astype(int),
        }
    )
