"""Frames of a panel for figures and tables: the arms over time, and the units behind them."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from equieval.data import Observations
from equieval.methods.proportions import wilson
from equieval.present.periods import period_label
from equieval.protocol import indicator
from equieval.study.analysis import CI_LEVEL
from equieval.study.panel import PanelDesign
from equieval.study.series import label

TREATED, COMPARISON = "Treated", "Comparison"
_FUNNEL = {"95": (0.025, 0.975), "998": (0.001, 0.999)}


def arms(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return each arm's rate over time, all its units together.

    Units that start together are one arm; the untreated are another.

    Returns
    -------
    DataFrame ``period, arm, numerator, denominator, rate, ci_low, ci_high, indicator``; Wilson
    intervals.
    """
    per = indicator(outcome).per
    rows = observations.overall(outcome)
    rows = rows[rows["unit"].isin(design.units) & rows["period"].isin(design.periods)]
    rows = rows.assign(arm=rows["unit"].map(arm_names(design)))
    order = list(dict.fromkeys(arm_names(design).values()))
    sums = rows.groupby(["arm", "period"])[["numerator", "denominator"]].sum(min_count=1)
    frame = sums.reset_index()
    frame = frame.sort_values(
        ["arm", "period"], key=lambda s: s.map(order.index) if s.name == "arm" else s
    ).reset_index(drop=True)
    interval = wilson(frame["numerator"], frame["denominator"], ci_level=CI_LEVEL)
    return frame.assign(
        rate=frame["numerator"] / frame["denominator"] * per,
        ci_low=interval["ci_low"] * per,
        ci_high=interval["ci_high"] * per,
        indicator=outcome,
    )


def funnel(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return every unit's rate before the first start, and the limits that chance gives it.

    Returns
    -------
    DataFrame ``unit, treated, numerator, denominator, rate, low95, high95, low998, high998,
    indicator``: binomial limits around the rate of all units together (Spiegelhalter 2005, Stat
    Med 24:1185).
    """
    per = indicator(outcome).per
    rows = observations.overall(outcome)
    rows = rows[rows["unit"].isin(design.units) & rows["period"].isin(design.periods)]
    rows = rows[rows["period"] < design.start]
    frame = rows.groupby("unit")[["numerator", "denominator"]].sum().reset_index()
    whole = frame["numerator"].sum() / frame["denominator"].sum()
    people = frame["denominator"]
    limits = {
        f"{side}{name}": stats.binom.ppf(tail, people.round(), whole) / people * per
        for name, (below, above) in _FUNNEL.items()
        for side, tail in (("low", below), ("high", above))
    }
    return frame.assign(
        treated=frame["unit"].isin(list(design.adoption)),
        rate=frame["numerator"] / people * per,
        **limits,
        indicator=outcome,
    )


def arm_names(design: PanelDesign) -> dict[str, str]:
    """Return what the arm of each unit is called."""
    names = {
        unit: f"From {period_label(start)}" if design.staggered else TREATED
        for unit, start in sorted(design.adoption.items(), key=lambda item: item[1])
    }
    return names | dict.fromkeys(design.controls, COMPARISON)


def units_compared(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return the units of the comparison, and those left out with the reason.

    Returns
    -------
    DataFrame ``unit, arm, start, first_exposed, numerator, denominator, rate, before, reason,
    indicator``: counts over the whole window; ``before`` the rate before the first start.
    """
    per = indicator(outcome).per
    rows = observations.overall(outcome)
    rows = rows[rows["unit"].isin(design.units) & rows["period"].isin(design.periods)]
    counts = ["numerator", "denominator"]
    whole = rows.groupby("unit")[counts].sum()
    earlier = rows[rows["period"] < design.start].groupby("unit")[counts].sum()
    names = arm_names(design)
    frame = pd.DataFrame(
        {
            "unit": list(names),
            "arm": [TREATED if unit in design.adoption else COMPARISON for unit in names],
            "start": [
                label(design.adoption[unit]) if unit in design.adoption else "never"
                for unit in names
            ],
        }
    )
    frame["first_exposed"] = pd.Series(
        [design.adoption.get(unit, pd.NaT) for unit in names],
        dtype=design.periods.dtype,
    )
    frame["numerator"] = whole["numerator"].reindex(list(names)).to_numpy()
    frame["denominator"] = whole["denominator"].reindex(list(names)).to_numpy()
    frame["rate"] = frame["numerator"] / frame["denominator"] * per
    before = (earlier["numerator"] / earlier["denominator"] * per).reindex(list(names))
    frame["before"] = before.to_numpy()
    frame["reason"] = ""
    frame["indicator"] = outcome
    return pd.concat([frame, design.left_out], ignore_index=True)
