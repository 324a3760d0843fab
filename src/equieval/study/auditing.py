"""The data audit of a page: completeness, consistency, breaks, and the work they ask for."""

from __future__ import annotations

import pandas as pd

from equieval.data import Audit, Observations, audit, period_label
from equieval.data.periods import spans
from equieval.protocol import indicator
from equieval.study.page import Page

_PARTS = {"numerator": "events", "denominator": "denominator"}
NOTHING = "none"


def audit_of(page: Page) -> Audit:
    """Audit the observations of a page as the sources record them."""
    return audit(page.recorded, page.evaluation)


def recorded_by_group(found: Audit, outcome: str) -> pd.DataFrame:
    """Return whether each group's figures are there, by period.

    Columns ``stratum, period, recorded, withheld``: shares of the units.
    """
    rows = found.completeness[found.completeness["indicator"] == outcome]
    shares = rows.groupby(["stratum", "period"], sort=False)[["recorded", "withheld"]].mean()
    return shares.reset_index()


def recorded_by_indicator(found: Audit) -> pd.DataFrame:
    """Return the share of figures that are there: ``indicator, period, recorded, withheld``."""
    rows = found.completeness
    shares = rows.groupby(["indicator", "period"], sort=False)[["recorded", "withheld"]].mean()
    shares = shares.reset_index()
    return shares.assign(indicator=[indicator(str(name)).name for name in shares["indicator"]])


def missing_figures(found: Audit, observations: Observations) -> pd.DataFrame:
    """Return what is missing and why: ``indicator, periods, reason``; one row if nothing is.

    Figures that disclosure control keeps back are recorded: they are named as withheld.
    """
    withheld = found.completeness[found.completeness["withheld"] == 1]
    rows = [
        (
            indicator(str(name)).name,
            _spans(cells, observations),
            f"recorded, and withheld of some groups under the disclosure profile '{found.profile}'",
        )
        for name, cells in withheld.groupby("indicator", sort=False)
    ]
    rows += [
        (
            indicator(str(name)).name,
            _spans(cells, observations),
            str(reason) if reason else "no reason is given in the parameters",
        )
        for (name, reason), cells in found.missing.fillna({"reason": ""}).groupby(
            ["indicator", "reason"], sort=False
        )
    ]
    rows = rows or [("All indicators", NOTHING, "every figure is there")]
    return pd.DataFrame(rows, columns=["indicator", "periods", "reason"])


def _spans(cells: pd.DataFrame, observations: Observations) -> str:
    return spans(pd.PeriodIndex(cells["period"].unique()).sort_values(), observations.frequency)


def consistency(found: Audit) -> pd.DataFrame:
    """Return where published totals and groups disagree: ``indicator, part, finding``."""
    rows = [
        (
            indicator(str(name)).name,
            _PARTS[str(part)],
            f"totals and groups differ in {len(cells)} periods; by at most "
            f"{cells['difference'].abs().max():,.0f}",
        )
        for (name, part), cells in found.consistency.groupby(["indicator", "part"], sort=False)
    ]
    if not rows and found.compared:
        rows = [
            (
                "All indicators",
                "events and denominators",
                f"all {found.compared} published totals equal the sum of their groups",
            )
        ]
    nothing = "the source publishes no totals to compare with"
    if found.profile and not found.compared:
        nothing = f"not compared: counts are protected under '{found.profile}'"
    rows = rows or [("All indicators", NOTHING, nothing)]
    return pd.DataFrame(rows, columns=["indicator", "part", "finding"])


def breaks(found: Audit, observations: Observations) -> pd.DataFrame:
    """Return the breaks of the series in words: ``period, note``."""
    rows = [
        (period_label(row["period"], observations.frequency), str(row["note"]))
        for _, row in found.breaks.iterrows()
    ]
    rows = rows or [(NOTHING, "no break is known")]
    return pd.DataFrame(rows, columns=["period", "note"])


def actions(found: Audit) -> pd.DataFrame:
    """Return the work that the findings ask for: ``number, action``."""
    asked = found.actions or ("nothing: no gap, break or disagreement was found",)
    rows = [(str(number), action) for number, action in enumerate(asked, start=1)]
    return pd.DataFrame(rows, columns=["number", "action"])
