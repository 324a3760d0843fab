"""One outcome of a panel whose units start at different times.

The headline is the average of Callaway and Sant'Anna's group-time effects, every exposed unit and
period counting the same, or by the unit's numbers before anybody is exposed.
"""

from __future__ import annotations

import pandas as pd

from equieval.methods.adoption import ControlGroup
from equieval.methods.inference import headline_interval
from equieval.methods.staggered import Kind, callaway_santanna
from equieval.study.analysis import CI_LEVEL
from equieval.study.comparison import (
    BY_ARM,
    NO_INTERVAL,
    PER_SIZE,
    PER_UNIT,
    Comparison,
    share_observed,
    without_interval,
)
from equieval.study.counting import NOTHING, SIZE, Counting


def compare_staggered(
    panel: pd.DataFrame,
    control_group: ControlGroup,
    n_events: float | None = None,
    *,
    anticipation: int = 0,
    counting: Counting = NOTHING,
    average: Kind = "simple",
) -> Comparison:
    """Estimate the average effect on ``value`` over all exposed units and periods.

    Another ``average`` is one of `equieval.methods.staggered.GroupTimeEffects.aggregate`. With
    ``anticipation`` the periods compared with are those before any effect may show. Where units
    count by their size (``counting``), the rule that allows an interval goes by the number of
    units alike that would tell as much.

    Raises
    ------
    DesignError : the panel carries no staggered difference-in-differences, or not its covariates.
    """
    counting.refuse_too_many(panel)
    panel = counting.sized(panel)
    found = callaway_santanna(
        panel,
        outcome="value",
        control_group=control_group,
        anticipation=anticipation,
        ci_level=CI_LEVEL,
        **counting.group_time,
    )
    effect = found.aggregate(average).few_clusters
    treated = found.n_treated_units
    alike, alike_treated = counting.alike(panel)
    reason = f"{found.n_units} units, {treated} of them treated"
    if counting.by_size:
        reason = f"{reason}, tell as much as {alike} units alike, {alike_treated} of them treated"
    rule = headline_interval(alike, alike_treated, n_events)
    interval = "clustered"
    reason = f"{reason}: {_learnt(effect.df)}"
    inference = counting.words(f"influence functions, {BY_ARM}")
    if rule.interval in ("reassignment", "none"):
        effect, inference = without_interval(effect), NO_INTERVAL
        interval, reason = "none", rule.reason
    return Comparison(
        effect,
        inference,
        interval,
        reason,
        PER_SIZE if counting.by_size else PER_UNIT,
        mean_when_exposed(panel, counting),
        len(panel),
        found.n_units,
        treated,
        share_observed(panel),
    )


def _learnt(df: float) -> str:
    return f"each arm shows how its units vary, t on {df:.1f} degrees of freedom (Welch)"


def mean_when_exposed(panel: pd.DataFrame, counting: Counting) -> float:
    """Return the mean of ``value`` over exposed units and periods, counted as the effect is."""
    exposed = panel[panel["exposed"] == 1]
    if not counting.by_size:
        return float(exposed["value"].mean())
    return float((exposed["value"] * exposed[SIZE]).sum() / exposed[SIZE].sum())
