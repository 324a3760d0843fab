"""Design adequacy: what a design can carry, by thresholds fixed before any estimate.

The thresholds are data, printed on the site's methods page and in every report. Each check
ends in one of three levels; the worst one is the level of the design. "Cannot say" is a
result with a reason and with what data would change it.

Sources: points before and after: the EPOC criteria for interrupted time series (at least
three each) and Turner et al. (2021) on short series, where intervals of series under twelve
points are too narrow. Degrees of freedom: simulated coverage of REML with Satterthwaite
degrees of freedom, which breaks down below four; they are those of the design at an
autocorrelation fixed beforehand, because those at the estimated one would pick the estimates
that are shown by how they came out. Events per cell: the usual rule for the normal approximation
to a count, which is about the expected one (at least five, better ten): expected from the
periods before the start, for the same reason. A proportion is as uncertain where nearly everybody
has the event as where hardly anybody has: there those without it are counted, where they are
fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from equieval.present.numbers import plain
from equieval.protocol import indicator

CAN_CARRY = "can carry"
WITH_CAUTION = "with caution"
CANNOT_SAY = "cannot say"
LEVELS = (CAN_CARRY, WITH_CAUTION, CANNOT_SAY)
LEAST_DF = 4
"""Below so many degrees of freedom no interval is relied on."""
PLANNED_PHI = 0.4
"""Autocorrelation at which a series is judged, fixed before it is looked at."""
JUDGED_AT = f"at an autocorrelation of {PLANNED_PHI}"


@dataclass(frozen=True)
class Threshold:
    """One published threshold.

    Attributes
    ----------
    id, label : the quantity that is checked.
    can_carry_from : the least value at which the design can carry the estimate.
    caution_from : the least value at which it can with caution; below, it cannot say.
    why : the reason, in words for readers.
    remedy : what data would change the answer.
    """

    id: str
    label: str
    can_carry_from: float
    caution_from: float
    why: str
    remedy: str

    def level(self, value: float) -> str:
        """Return the level that ``value`` reaches; a missing value cannot say."""
        if value >= self.can_carry_from:
            return CAN_CARRY
        return WITH_CAUTION if value >= self.caution_from else CANNOT_SAY

    def needed(self, value: float) -> float:
        """Return the threshold that decides: the lower one where even that is missed."""
        return self.caution_from if self.level(value) == CANNOT_SAY else self.can_carry_from


ITS_THRESHOLDS = (
    Threshold(
        "points-before",
        "Points before the start",
        12,
        3,
        "the trend without the intervention is drawn from these points alone",
        "a longer series before the start, or quarterly or monthly figures",
    ),
    Threshold(
        "points-after",
        "Points after the start",
        12,
        3,
        "a change of trend needs points to show in",
        "more years of follow-up, or quarterly or monthly figures",
    ),
    Threshold(
        "degrees-of-freedom",
        "Degrees of freedom of the primary estimate",
        8,
        LEAST_DF,
        "neighbouring points are alike, so they carry less information than their number; "
        "below four degrees of freedom a series cannot carry a change of trend (judged at an "
        "autocorrelation of 0.4, so that the estimate does not decide whether it is shown)",
        "more frequent figures for the same years (quarterly or monthly), or a comparison series",
    ),
    Threshold(
        "events-per-cell",
        "Expected events or non-events in a period, whichever is fewer, in the smallest group",
        10,
        5,
        "with few events in a group, or few people without one, its rate is mostly chance "
        "(expected from the periods before the start, so that what came after does not decide "
        "whether it is shown)",
        "wider groups or longer periods",
    ),
)


COMPARISON_THRESHOLDS = (
    Threshold(
        "treated-units",
        "Treated units",
        5,
        1,
        "how much treated units differ by chance can only be learnt from several of them",
        "more units that take the intervention up",
    ),
    Threshold(
        "comparison-units",
        "Comparison units",
        10,
        4,
        "the change without the intervention is read off these units alone",
        "more units that have not taken the intervention up",
    ),
    Threshold(
        "assignments",
        "Ways in which the treated could have been chosen",
        100,
        20,
        "with fewer than twenty ways no result could be told from chance at the usual level",
        "more units, treated or not",
    ),
    Threshold(
        "periods-before",
        "Periods before the start",
        8,
        3,
        "whether the units ran parallel is judged on these periods alone (without those in which "
        "an effect may be anticipated)",
        "a longer series before the start, or quarterly or monthly figures",
    ),
    Threshold(
        "periods-after",
        "Periods from the start to the horizon",
        3,
        1,
        "an effect needs time to show",
        "a longer follow-up",
    ),
    Threshold(
        "events-treated",
        "Expected events or non-events before or after the start, whichever is fewer, in the "
        "smallest group of a treated unit",
        10,
        5,
        "with few events in a group, or few people without one, its rate is mostly chance "
        "(expected from the periods before the start, so that what came after does not decide "
        "whether it is shown)",
        "wider groups, larger units, or longer periods",
    ),
)
"""Thresholds of designs that compare treated with untreated units.

Units and assignments: the simulated size of cluster-robust and bootstrap tests with few treated
clusters (MacKinnon & Webb 2018, Econom J 21:114) and the smallest p value that a reassignment
of the treatment can reach (1 in twenty for the usual level).
"""

THRESHOLDS: dict[str, tuple[Threshold, ...]] = {
    "Interrupted time series": ITS_THRESHOLDS,
    "Comparison of treated with untreated units": COMPARISON_THRESHOLDS,
}
"""All published thresholds, by the kind of design."""


def adequacy_checks(
    *, points_before: int, points_after: int, df: float, expected_events: float
) -> pd.DataFrame:
    """Check an interrupted time series design against the published thresholds.

    Parameters
    ----------
    points_before, points_after : observed or planned points on either side of the start.
    df : Satterthwaite degrees of freedom of the primary estimate at `PLANNED_PHI`.
    expected_events : events, or non-events if they are fewer, to be expected in a period, in the
        group with fewest.

    Returns
    -------
    The frame of `against`.
    """
    return against(
        ITS_THRESHOLDS,
        {
            "points-before": float(points_before),
            "points-after": float(points_after),
            "degrees-of-freedom": float(df),
            "events-per-cell": float(expected_events),
        },
        {"degrees-of-freedom": JUDGED_AT},
    )


def events_or_not(cells: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return what is counted for and against an outcome in each cell, of which the fewer decide.

    Parameters
    ----------
    cells : ``numerator, denominator``.

    Returns
    -------
    DataFrame ``events``, and for a proportion ``others``: the people in the denominator without
    the event.
    """
    counted = {"events": cells["numerator"]}
    if indicator(outcome).proportion:
        counted["others"] = cells["denominator"] - cells["numerator"]
    return pd.DataFrame(counted)


def against(
    thresholds: tuple[Threshold, ...],
    values: Mapping[str, float],
    counted: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Hold what a design has against thresholds.

    Parameters
    ----------
    values : by the id of the threshold; a missing number cannot say.
    counted : by the id, how the value was counted, where a reader would ask.

    Returns
    -------
    DataFrame, one row per check: ``id, criterion, found, counted, needed, judgement, reason,
    remedy, can_carry_from, caution_from``; ``needed`` is the threshold that is missed, or met.
    """
    return pd.DataFrame(
        {
            "id": threshold.id,
            "criterion": threshold.label,
            "found": values[threshold.id],
            "counted": (counted or {}).get(threshold.id, ""),
            "needed": threshold.needed(values[threshold.id]),
            "judgement": threshold.level(values[threshold.id]),
            "reason": threshold.why,
            "remedy": threshold.remedy,
            "can_carry_from": threshold.can_carry_from,
            "caution_from": threshold.caution_from,
        }
        for threshold in thresholds
    )


def design_level(checks: pd.DataFrame) -> str:
    """Return the worst level among the checks."""
    return LEVELS[max(LEVELS.index(level) for level in checks["judgement"])]


def missed(checks: pd.DataFrame, level: str = CANNOT_SAY) -> tuple[str, ...]:
    """Return the checks that ended in a level, in words: what was found, and what is needed."""
    needed = "where at least {} are needed"
    if level == WITH_CAUTION:
        needed = "where {} would do without caution"
    return tuple(
        f"{check['criterion'].lower()} {plain(check['found'], check['counted'])}, "
        + needed.format(plain(check["needed"]))
        for _, check in checks[checks["judgement"] == level].iterrows()
    )
