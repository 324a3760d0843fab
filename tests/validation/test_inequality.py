"""Inequality measures against DOMAIN's table for England and against PHEindicatormethods."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from equieval.methods.inequality import measure_series, measures, measures_of_values
from equieval.methods.proportions import byar, wilson

DECILES = [str(decile) for decile in range(1, 11)]

# ONS figures; gap and SII with standard errors from binomial cell variances, computed
# independently of this package; the last column is the raw (slope-form) concentration index.
ENGLAND = [
    ("2010", 2.2740, 0.3732, 1.570, 2.8011, 0.2978, 1.7618, -0.091),
    ("2019", 2.9054, 0.3447, 2.208, 3.1749, 0.2759, 2.4170, -0.137),
    ("2022", 1.3581, 0.3904, 1.368, 1.9038, 0.2914, 1.6389, -0.080),
    ("2023", 2.2068, 0.3676, 1.773, 2.6445, 0.2908, 2.0097, -0.111),
]


@pytest.mark.parametrize(("year", "gap", "gap_se", "ratio", "sii", "sii_se", "rii", "rci"), ENGLAND)
def test_england_by_decile(england_strata, year, gap, gap_se, ratio, sii, sii_se, rii, rci):
    cells = england_strata[england_strata["period"] == year]
    found = measures(cells, DECILES, per=1000).set_index("measure")
    assert found.loc["gap", "estimate"] == pytest.approx(gap, abs=5.1e-5)
    assert found.loc["gap", "std_error"] == pytest.approx(gap_se, abs=5.1e-5)
    assert found.loc["ratio", "estimate"] == pytest.approx(ratio, abs=5.1e-4)
    assert found.loc["sii", "estimate"] == pytest.approx(sii, abs=5.1e-5)
    assert found.loc["sii", "std_error"] == pytest.approx(sii_se, abs=5.1e-5)
    assert found.loc["rii", "estimate"] == pytest.approx(rii, abs=5.1e-5)
    # our convention: positive is worse for the most deprived; the table prints the raw sign
    assert found.loc["concentration-index-relative", "estimate"] == pytest.approx(-rci, abs=5.1e-4)
    raw = measures(cells, DECILES, per=1000, form="slope").set_index("measure")
    assert raw.loc["concentration-index-relative", "estimate"] == pytest.approx(rci, abs=5.1e-4)
    assert raw.loc["sii", "estimate"] == pytest.approx(-sii, abs=5.1e-5)


def test_series_holds_the_same_numbers_year_by_year(england_strata):
    series = measure_series(england_strata, DECILES, "sii", per=1000).set_index("period")
    assert len(series) == 14
    assert series.loc[pd.Period("2022"), "estimate"] == pytest.approx(1.9038, abs=5.1e-5)
    assert series.loc[pd.Period("2022"), "std_error"] == pytest.approx(0.2914, abs=5.1e-5)


def test_absolute_concentration_index_is_a_fixed_multiple_of_the_slope_index(england_strata):
    # METHODS: 0.165 on equal deciles
    cells = england_strata[england_strata["period"] == "2022"]
    equal = dict.fromkeys(DECILES, 1.0)
    found = measures(cells, DECILES, per=1000, shares=equal).set_index("measure")
    index = found.loc["concentration-index-absolute", ["estimate", "std_error"]].astype(float)
    slope = found.loc["sii", ["estimate", "std_error"]].astype(float)
    np.testing.assert_allclose(index / slope, 0.165, rtol=1e-12)


def test_wilson_and_byar_are_those_of_phe_indicator_methods():
    # phe_proportion(x = 65, n = 100) and byars_lower/upper(65) of PHEindicatormethods
    proportion = wilson([65], [100]).iloc[0]
    assert proportion["ci_low"] == pytest.approx(0.552544, abs=5.1e-7)
    assert proportion["ci_high"] == pytest.approx(0.736358, abs=5.1e-7)
    count = byar([65]).iloc[0]
    assert count["ci_low"] == pytest.approx(50.163188, abs=5.1e-7)
    assert count["ci_high"] == pytest.approx(82.849139, abs=5.1e-7)


CASES = pd.read_csv(Path(__file__).parent / "phe-sii-cases.csv", dtype={"stratum": str})


@pytest.mark.parametrize("case", CASES["case"].unique())
def test_slope_and_relative_index_are_those_of_phe_indicator_methods(case):
    # testdata_SII.xlsx of PHEindicatormethods 2.1.0 (UK Health Security Agency), slope form
    groups = CASES[CASES["case"] == case]
    found = measures_of_values(
        groups,
        list(groups["stratum"]),
        which=("sii", "rii"),
        model=groups["model"].iloc[0],
        form="slope",
    )
    expected = groups[["sii", "rii"]].iloc[0]
    np.testing.assert_allclose(found["estimate"], expected, rtol=1e-6)
