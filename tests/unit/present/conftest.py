"""Published figures that the tests of pictures and words are made from.

Live births and stillbirths in England: Office for National Statistics, Child and infant
mortality 2022 and Births 2023 (Open Government Licence v3).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

UNIT = "stillbirths per 1,000 births"
# year: (live births, stillbirths), England
ENGLAND = {
    2010: (687006, 3506), 2011: (688118, 3619), 2012: (694241, 3357), 2013: (664517, 3103),
    2014: (661501, 3047), 2015: (664399, 2952), 2016: (663157, 2895), 2017: (646794, 2679),
    2018: (625651, 2520), 2019: (610505, 2346), 2020: (585195, 2231), 2021: (595948, 2451),
    2022: (576589, 2276), 2023: (563561, 2230),
}  # fmt: skip
# (year, decile): (live births, stillbirths); decile 1 is the most deprived
DECILES = {
    (2010, "1"): (100439, 633), (2010, "5"): (66725, 331), (2010, "10"): (50938, 204),
    (2015, "1"): (92652, 572), (2015, "5"): (64470, 285), (2015, "10"): (46208, 158),
    (2019, "1"): (82982, 443), (2019, "5"): (61047, 228), (2019, "10"): (43143, 104),
    (2022, "1"): (76729, 389), (2022, "5"): (57286, 229), (2022, "10"): (41895, 155),
}  # fmt: skip
# Slope index by year with its binomial standard error, from the published deciles
SII = {
    2010: (2.8011, 0.2978),
    2019: (3.1749, 0.2759),
    2022: (1.9038, 0.2914),
    2023: (2.6445, 0.2908),
}
# REML AR(1) fit of the England rate (R 4.2, nlme::gls, corAR1, t = year - 2010)
INTERCEPT, SLOPE, LEVEL, CHANGE = 5.103266, -0.146332, 0.036650, 0.090732


@pytest.fixture(scope="session")
def series() -> pd.DataFrame:
    """Observed rates with the published REML fit; the band is a plain ±1 for the drawing."""
    year = np.array(list(ENGLAND))
    live, still = np.array(list(ENGLAND.values()), dtype=float).T
    expected = INTERCEPT + SLOPE * (year - 2010)
    post = year >= 2016
    return pd.DataFrame(
        {
            "period": pd.PeriodIndex(year.astype(str), freq="Y"),
            "observed": 1000 * still / (live + still),
            "fitted": expected + post * LEVEL + CHANGE * np.maximum(0, year - 2016),
            "counterfactual": expected,
            "ci_low": expected - 1,
            "ci_high": expected + 1,
        }
    )


@pytest.fixture(scope="session")
def by_group() -> pd.DataFrame:
    """Stillbirth rates of deciles 1, 5 and 10 in four years; 2011 to 2021 have gaps."""
    rows = []
    for (year, decile), (live, still) in DECILES.items():
        births = live + still
        rate = 1000 * still / births
        half = 1960 * np.sqrt(still / births * (1 - still / births) / births)
        rows.append(
            (decile, pd.Period(str(year), "Y"), rate, rate - half, rate + half, still, births)
        )
    columns = ["stratum", "period", "rate", "ci_low", "ci_high", "numerator", "denominator"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture(scope="session")
def gaps() -> pd.DataFrame:
    """The slope index of four years with 95% intervals."""
    return pd.DataFrame(
        {
            "period": [str(year) for year in SII],
            "estimate": [value for value, _ in SII.values()],
            "ci_low": [value - 1.96 * se for value, se in SII.values()],
            "ci_high": [value + 1.96 * se for value, se in SII.values()],
        }
    )


@pytest.fixture
def estimates() -> pd.DataFrame:
    """Estimates rows: an effect on the rate, its ratio, a change in the gap, a baseline."""
    shared = {"horizon": "2022", "time": None, "ci_level": 0.95, "estimand": "effect-at"}
    rows = [
        {"id": "effect", "scale": "absolute", "estimate": 0.58, "ci_low": 0.2, "ci_high": 0.96,
         "df": 7.4},
        {"id": "ratio", "scale": "relative", "estimate": 1.17, "ci_low": 1.05, "ci_high": 1.31,
         "df": 7.4},
        {"id": "gap", "scale": "absolute", "estimate": -0.98, "ci_low": -1.6, "ci_high": -0.36,
         "df": 9.0},
        {"id": "before", "scale": "absolute", "estimate": 3.15, "ci_low": 2.6, "ci_high": 3.7,
         "df": float("nan"), "time": "2015", "horizon": None},
    ]  # fmt: skip
    return pd.DataFrame([{**shared, **row} for row in rows])


def opposite(data: pd.DataFrame) -> pd.DataFrame:
    """The same estimates with every difference reversed and every ratio inverted."""
    turned = data.copy()
    ratios = (turned["scale"] == "relative").to_numpy()
    for name, source in (("estimate", "estimate"), ("ci_low", "ci_high"), ("ci_high", "ci_low")):
        values = data[source].to_numpy(dtype=float)
        turned[name] = np.where(ratios, 1 / values, -values)
    return turned
