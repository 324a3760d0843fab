"""Figures of panels, audits and simulations, on made-up numbers of many sizes and signs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from equieval.present import figures
from equieval.present.artefact import Picture

UNIT = "stillbirths per 1,000 births"
WORDS = {
    "population": "NHS trusts in a fictional region",
    "source": "A fictional publisher with a long name, 2024 edition (Open Government Licence v3.0)",
    "synthetic": True,
}
OF = {"quantity": "stillbirth rate", "unit": UNIT, **WORDS}
RATE = {"outcome": "booking rate", "unit": "% of bookings", **WORDS}
LONG = ["Black or Black British, Core20", "Asian or Asian British, Core20", "Mixed, Core20",
        "White British, not Core20"]  # fmt: skip
TRUSTS = ["Alderwick", "Brackenby", "Calderthorpe", "Dunmoor", "Eastmarsh-on-the-Water"]
HOSPITALS = [f"{name} Hospitals NHS Foundation Trust" for name in TRUSTS]
YEARS = pd.period_range("2014", "2023", freq="Y")


def event_frame(
    first: int, last: int, effect: float, error: float, *, band: bool = True
) -> pd.DataFrame:
    """Effects that step from 0 to ``effect`` at the start, each with the same error."""
    time = np.arange(first, last + 1)
    estimate = np.where(time >= 0, effect, 0.0) + error * 0.2 * np.sin(time)
    estimate[time == -1] = 0.0
    errors = np.where(time == -1, 0.0, error)
    frame = pd.DataFrame(
        {"event_time": time, "estimate": estimate, "ci_low": estimate - 1.96 * errors,
         "ci_high": estimate + 1.96 * errors}
    )  # fmt: skip
    if band:
        frame["band_low"], frame["band_high"] = estimate - 2.8 * errors, estimate + 2.8 * errors
    return frame


def drift_frame(slope: float) -> pd.DataFrame:
    """An event study with a straight drift through the reference."""
    frame = event_frame(-5, 4, -1.0, 0.3, band=False)
    since = frame["event_time"] + 1
    return frame.assign(drift=slope * since, after_passing=1.3 * slope * since)


def arm_frame(arms: list[str], periods: pd.PeriodIndex, slope: float) -> pd.DataFrame:
    """Rates that move along straight lines, one for each arm."""
    steps = np.arange(len(periods))
    lines = {arm: 12 + place + slope * (1 + place / 5) * steps for place, arm in enumerate(arms)}
    return pd.concat(
        [
            pd.DataFrame({"period": periods, "arm": arm, "rate": line})
            for arm, line in lines.items()
        ],
        ignore_index=True,
    )


def bacon_frame(fair: float, unfair: float) -> pd.DataFrame:
    """Three kinds of comparison; a quarter of the weight is on units already treated."""
    kinds = ["treated with never treated"] * 3 + ["earlier with later treated"] * 3
    kinds += ["later with already treated"] * 2
    return pd.DataFrame(
        {"comparison": kinds, "estimate": [fair] * 6 + [unfair] * 2, "weight": [0.125] * 8}
    )


def bounds_frame(half: float, *, centre: float = -1.0) -> pd.DataFrame:
    """Intervals that widen with the departure allowed."""
    bounds = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
    return pd.DataFrame(
        {"bound": bounds, "ci_low": centre - half - bounds, "ci_high": centre + half + bounds,
         "original": bounds == 0}
    )  # fmt: skip


def specification_frame(count: int, effect: float, half: float = 0.8) -> pd.DataFrame:
    """Estimates around an effect, with two choices."""
    estimate = effect + np.linspace(-0.3, 0.3, count)
    place = np.arange(count)
    return pd.DataFrame(
        {"rank": place + 1, "estimate": estimate, "ci_low": estimate - half,
         "ci_high": estimate + half, "primary": place == count // 3,
         "controls": np.where(place % 2, "Never taking part", "Not yet taking part"),
         "covariates": np.where(place % 3, "None", "Deprivation, age, parity and ethnic group")}
    )  # fmt: skip


def funnel_frame(count: int, spread: float) -> pd.DataFrame:
    """Rates around 5 per cent, ``spread`` standard errors up and down in turn."""
    size = np.linspace(300, 8000, count)
    error = 100 * np.sqrt(0.05 * 0.95 / size)
    turn = np.where(np.arange(count) % 2, 1, -1) * (np.arange(count) % 5 == 0)
    frame = pd.DataFrame(
        {"unit": [f"Alderwick {i}" for i in range(count)], "denominator": size,
         "rate": 5 + spread * turn * error, "treated": np.arange(count) % 4 == 0}
    )  # fmt: skip
    for name, times in (("95", 1.96), ("998", 3.09)):
        frame[f"low{name}"], frame[f"high{name}"] = 5 - times * error, 5 + times * error
    return frame


def placebo_frame(true: float, others: int, scale: float) -> pd.DataFrame:
    """The true estimate among evenly spread ones."""
    estimate = np.append(true, np.linspace(-scale, scale, others))
    return pd.DataFrame(
        {"label": [f"area {i}" for i in range(others + 1)], "estimate": estimate,
         "actual": np.arange(others + 1) == 0}
    )  # fmt: skip


def source_frame(groups: list[str], sources: list[str], shift: float) -> pd.DataFrame:
    """Rates that each source has ``shift`` higher than the one before."""
    return pd.DataFrame(
        [{"source": name, "stratum": group, "rate": 20 + 5 * place + shift * turn,
          "ci_low": 19 + 5 * place + shift * turn, "ci_high": 21 + 5 * place + shift * turn}
         for turn, name in enumerate(sources) for place, group in enumerate(groups)]
    )  # fmt: skip


def share_frame(units: list[str], periods: pd.PeriodIndex) -> pd.DataFrame:
    """Shares recorded that rise over time; two cells have no figure."""
    rows = [(unit, period, min(1.0, 0.4 + 0.1 * place + 0.5 * turn / len(periods)))
            for place, unit in enumerate(units) for turn, period in enumerate(periods)]  # fmt: skip
    return pd.DataFrame(rows, columns=["unit", "period", "recorded"]).drop(index=[1, 2])


def pooled_frame(effect: float) -> pd.DataFrame:
    """Three evaluations and what they give together."""
    estimate = effect * np.array([1.0, 0.6, 1.4, 0.9])
    return pd.DataFrame(
        {"label": ["A smokefree pathway in Thornmere and its neighbours", "B", "C", "Pooled"],
         "estimate": estimate, "ci_low": estimate - 0.5, "ci_high": estimate + 0.5,
         "weight": [30.0, 45.0, 25.0, np.nan], "pooled": [False, False, False, True]}
    )  # fmt: skip


def coverage_frame(*shares: float) -> pd.DataFrame:
    """Coverage with its Monte-Carlo error."""
    share = np.array(shares)
    names = ["Interrupted series", "Difference-in-differences with few treated units", "Staggered"]
    return pd.DataFrame(
        {"label": names[: len(share)], "coverage": share, "low": share - 0.02,
         "high": np.minimum(share + 0.02, 1.0), "replications": 400}
    )  # fmt: skip


def group_frame(groups: list[str]) -> pd.DataFrame:
    """Rates by named group over ten years, the first one the lowest."""
    waves = {group: 30 + 3 * place + np.sin(np.arange(10)) for place, group in enumerate(groups)}
    return pd.concat(
        [pd.DataFrame({"stratum": group, "period": YEARS, "rate": wave})
         for group, wave in waves.items()], ignore_index=True,
    )  # fmt: skip


MONTHS = pd.period_range("2018-01", "2022-12", freq="M")
CHOICES = {"controls": "Comparison areas", "covariates": "Covariates"}
PANEL_BUILDS: dict[str, Callable[[], Picture]] = {
    "event study": lambda: figures.event_study(
        event_frame(-5, 4, -1, 0.3), frequency="year", intervention="the care bundle", **OF
    ),
    "event study, months": lambda: figures.event_study(
        event_frame(-24, 24, 100, 20), frequency="month", **OF
    ),
    "event study, runaway band": lambda: figures.event_study(
        event_frame(-5, 4, -1, 0.3).assign(band_low=-400, band_high=400), **OF
    ),
    "event study, small": lambda: figures.event_study(
        event_frame(-3, 2, 0.001, 0.002, band=False), frequency="financial-year", cannot_say=True,
        intervention="Midwifery continuity of carer for the most deprived communities", **OF,
    ),
    "pre-trend power": lambda: figures.pretrend_power(
        drift_frame(0.1), slope=0.1, power=0.43, **OF
    ),
    "arms": lambda: figures.arms_over_time(
        arm_frame(["Thornmere LMNS", "Other LMNSs, weighted (synthetic control)"], MONTHS, -0.05),
        start="2020-03", intervention="the smokefree pathway", **RATE,
    ),
    "arms, cohorts": lambda: figures.arms_over_time(
        arm_frame([f"From {year}" for year in range(2016, 2021)] + ["Never"], YEARS, 0.4).assign(
            first_exposed=lambda f: f["arm"].str.extract(r"(\d+)")[0]
        ), **RATE,
    ),
    "adoption": lambda: figures.adoption(
        pd.DataFrame({"unit": HOSPITALS,
                      "first_exposed": ["2019-03", "2019-03", "2021-06", None, None]}),
        first_period="2018-01", last_period="2022-12", units="trusts", **WORDS,
    ),
    "adoption, cohorts": lambda: figures.adoption(
        pd.DataFrame({"unit": [f"T{i}" for i in range(60)],
                      "first_exposed": [[2016, 2018, pd.NaT][i % 3] for i in range(60)]}),
        first_period="2014", last_period="2023", units="trusts", **WORDS,
    ),
    "bacon": lambda: figures.bacon_weights(
        bacon_frame(-1, 0.5), outcome="rate", unit=UNIT, **WORDS
    ),
    "sensitivity": lambda: figures.sensitivity(bounds_frame(0.5), breakdown=0.5, **OF),
    "sensitivity, unbounded": lambda: figures.sensitivity(
        bounds_frame(0.5).assign(ci_high=[1, 2, 3, np.inf, np.inf]), breakdown=0.0,
        kind="smoothness", frequency="year", **OF,
    ),
    "specifications": lambda: figures.specification_curve(
        specification_frame(12, -1), choices=CHOICES, **OF
    ),
    "specifications, sixty": lambda: figures.specification_curve(
        specification_frame(60, 100, 900), choices=CHOICES, **OF
    ),
    "funnel": lambda: figures.funnel(funnel_frame(40, 4), units="trusts", period="2023/24", **RATE),
    "placebo": lambda: figures.placebo_distribution(
        placebo_frame(-2.3, 26, 2), p_value=1 / 27, smallest_attainable_p=1 / 27, **OF
    ),
    "placebo, tiny": lambda: figures.placebo_distribution(
        placebo_frame(0.01, 8, 0.02), p_value=0.5, smallest_attainable_p=1 / 9, **OF
    ),
    "sources": lambda: figures.source_agreement(
        source_frame(LONG, ["National (MSDS)", "Trust record system", "Council",
                            "Voluntary sector: Thornmere mothers’ network"], 1.2), **RATE,
    ),
    "shares": lambda: figures.completeness_heatmap(
        share_frame(HOSPITALS, YEARS), item="ethnic group", rows="unit", graded=True, **WORDS
    ),
    "pooled": lambda: figures.pooled_forest(
        pooled_frame(-1), outcome="rate", unit=UNIT, prediction_low=-2.5, prediction_high=0.7,
        i2=43.0, **WORDS,
    ),
    "pooled, ratios": lambda: figures.pooled_forest(
        pooled_frame(1.2), outcome="rate", unit="ratio", reference=1.0, log=True,
        prediction_low=0.6, prediction_high=2.0, **WORDS,
    ),
    "coverage": lambda: figures.coverage(coverage_frame(0.95, 0.88, 0.99), **WORDS),
    "named groups": lambda: figures.rates_by_group(group_frame(LONG), **RATE),
    "named equiplot": lambda: figures.equiplot(
        group_frame(["Black or Black British, living in Core20 areas",
                     "White British, living elsewhere in the region"]), **RATE,
    ),
    "named levelling": lambda: figures.levelling(
        pd.DataFrame({"stratum": [LONG[0], LONG[-1]], "counterfactual": [30.0, 40.0],
                      "fitted": [34.0, 41.0], "estimate": [4.0, 1.0], "ci_low": [2.0, -1.0],
                      "ci_high": [6.0, 3.0]}),
        polarity="high", expected="Expected from the change in areas not yet taking part", **RATE,
    ),
}  # fmt: skip
