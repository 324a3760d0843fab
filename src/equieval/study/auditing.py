"""The data audit of a page: completeness, consistency, breaks, and the work they ask for."""

from __future__ import annotations

import pandas as pd

from equieval.data import ALL, Audit, Observations, audit
from equieval.data.quality import alike, of_units
from equieval.present.periods import period_label
from equieval.protocol import Evaluation, indicator
from equieval.study.page import Page

_PARTS = {"numerator": "events", "denominator": "denominator"}
NOTHING = "none"
_GROUP_WORDS = {
    "ethnicity": "ethnic group",
    "staff-ethnicity": "ethnic group",
    "deprivation": "deprivation group",
    "core20": "deprivation group",
    "age": "age group",
    "inclusion": "inclusion group",
}


def audit_of(page: Page) -> Audit:
    """Audit the observations of a page as the sources record them."""
    return audit(page.recorded, page.evaluation)


def group_word(evaluation: Evaluation) -> str:
    """Return what running text calls the group that a person belongs to: "ethnic group"."""
    return _GROUP_WORDS.get(evaluation.equity.known.stratifier, "group")


def recorded_by_group(found: Audit, outcome: str) -> pd.DataFrame:
    """Return whether each group's figures are there, by period.

    Columns ``stratum, period, recorded, withheld, indicator``: shares of the units.
    """
    rows = found.completeness[found.completeness["indicator"] == outcome]
    shares = rows.groupby(["stratum", "period"], sort=False)[["recorded", "withheld"]].mean()
    # Units whose source lacks a group must not put it last: the longest list has the order.
    lists = list(rows.groupby("unit")["stratum"].unique())
    names = [*max(lists, key=len, default=()), *rows["stratum"]]
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    ordered = shares.reset_index()
    return (
        ordered.assign(place=ordered["stratum"].map(order))
        .sort_values(["place", "period"], ignore_index=True)[
            ["stratum", "period", "recorded", "withheld"]
        ]
        .assign(indicator=outcome)
    )


def recorded_by_indicator(found: Audit) -> pd.DataFrame:
    """Return the share of figures that are there: ``indicator, period, recorded, withheld``."""
    rows = found.completeness
    shares = rows.groupby(["indicator", "period"], sort=False)[["recorded", "withheld"]].mean()
    shares = shares.reset_index()
    return shares.assign(indicator=[indicator(str(name)).name for name in shares["indicator"]])


def recorded_by_unit(found: Audit, outcome: str) -> pd.DataFrame:
    """Return whether each unit's figures are there, by period.

    Columns ``unit, period, recorded, withheld, indicator``: shares of the groups that the unit's
    source has.
    """
    rows = found.completeness[found.completeness["indicator"] == outcome]
    shares = rows.groupby(["unit", "period"], sort=False)[["recorded", "withheld"]].mean()
    return shares.reset_index().assign(indicator=outcome)


def group_recorded(found: Audit, observations: Observations, outcome: str) -> pd.DataFrame:
    """Return for what share of people the group is recorded, by unit and period.

    Columns ``unit, period, recorded, indicator``; no row for units whose source has none for people
    of unknown group (what it does not show is not complete), nor where a count is missing.
    """
    rows = found.completeness[
        (found.completeness["indicator"] == outcome) & (found.completeness["stratum"] != ALL)
    ]
    unknown = rows["stratum"].isin(observations.missing_levels)
    keys = ["unit", "period"]
    telling = rows["unit"].isin(rows.loc[unknown, "unit"])
    people = rows[telling].groupby(keys)["denominator"].sum(skipna=False)
    known = rows[telling & ~unknown].groupby(keys)["denominator"].sum(skipna=False)
    shares = (known / people.where(people > 0)).dropna().rename("recorded")
    return shares.reset_index().assign(indicator=outcome)


def missing_figures(found: Audit) -> pd.DataFrame:
    """Return what is missing and why: ``indicator, unit, periods, reason``; a row if nothing is.

    Figures that disclosure control keeps back are recorded: they are named as withheld.
    """
    withheld = found.completeness[found.completeness["withheld"] == 1]
    kept_back = (
        f"recorded, and withheld of some groups under the disclosure profile '{found.profile}'"
    )
    rows = [
        (indicator(str(name)).name, of_units(units), periods, kept_back)
        for name, cells in withheld.groupby("indicator", sort=False)
        for periods, units in alike(cells)
    ]
    rows += [
        (
            indicator(str(name)).name,
            of_units(units),
            periods,
            str(reason) if reason else "no reason is given in the parameters",
        )
        for (name, reason), cells in found.missing.fillna({"reason": ""}).groupby(
            ["indicator", "reason"], sort=False
        )
        for periods, units in alike(cells)
    ]
    rows = rows or [("All indicators", "all units", NOTHING, "every figure is there")]
    return pd.DataFrame(rows, columns=["indicator", "unit", "periods", "reason"])


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
    nothing = "no totals are published beside the groups, so nothing can be compared"
    if found.profile and not found.compared:
        nothing = f"not compared: counts are protected under '{found.profile}'"
    rows = rows or [("All indicators", NOTHING, nothing)]
    return pd.DataFrame(rows, columns=["indicator", "part", "finding"])


def breaks(found: Audit) -> pd.DataFrame:
    """Return the breaks of the series in words: ``period, note``."""
    rows = [(period_label(row["period"]), str(row["note"])) for _, row in found.breaks.iterrows()]
    rows = rows or [(NOTHING, "no break is known")]
    return pd.DataFrame(rows, columns=["period", "note"])


def actions(found: Audit) -> pd.DataFrame:
    """Return the work that the findings ask for: ``number, action``."""
    asked = found.actions or ("nothing: no gap, break or disagreement was found",)
    rows = [(str(number), action) for number, action in enumerate(asked, start=1)]
    return pd.DataFrame(rows, columns=["number", "action"])
