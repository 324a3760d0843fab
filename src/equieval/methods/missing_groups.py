"""People whose group is not known: what could the rates, the gap and the gradient have been?

Who does not state their ethnicity differs from who does, in composition and in risk, so leaving
them out biases every group. Each allocation of them, and of their events, to the groups gives
rates; the bounds hold all allocations that are plausible (Manski 2003; Horowitz & Manski 2000, J
Am Stat Assoc 95:77). Plausibility is one number: 1 shares them out as those known are (people as
people, events as events), 2 lets each group have between half and twice that, infinity anything.
Every measure here is a weighted sum of rates, so its bound is a separable program with two
constraints, all people and all events (``equieval.methods.missing_allocations``).

Chance widens a bound by the Wilson limits of every count it rests on, carried through the bound's
derivatives and combined as in Newcombe's interval of a difference (MOVER; Zou & Donner 2008, Stat
Med 27:1693). The derivatives are those of the Lagrangian at the optimum (the envelope theorem).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq

from equieval.errors import DataError, DesignError, InputError, did_you_mean, one_of
from equieval.methods.arguments import require_per_and_dispersion
from equieval.methods.gradient import slope_weights
from equieval.methods.missing_allocations import GroupCounts, Lowest, Region, lowest_value
from equieval.methods.panel import numeric, require_columns
from equieval.methods.proportions import wilson_limits

Array = npt.NDArray[np.float64]
Polarity = Literal["low", "high"]

_WHERE: Final = "bounds for people whose group is not known"
_COLUMNS: Final = [
    "plausibility",
    "measure",
    "stratum",
    "known",
    "low",
    "high",
    "ci_low",
    "ci_high",
]


def missing_group_bounds(
    strata: pd.DataFrame,
    levels: Sequence[str],
    missing: Sequence[str],
    *,
    per: float,
    polarity: Polarity = "low",
    plausibility: Sequence[float] = (1.0, 1.5, 2.0, 3.0, math.inf),
    reference: str | None = None,
    shares: Mapping[str, float] | None = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Return ``plausibility, measure, stratum, known, low, high, ci_low, ci_high``.

    Parameters
    ----------
    strata : columns ``stratum, numerator, denominator``; one row per stratum.
    levels : the groups, most to least deprived where they are ordered.
    missing : strata that are people of unknown group (not stated, not known).
    per : the rate is ``per · numerator / denominator``.
    plausibility : from 1 (as those known) to infinity (anything the counts allow).
    reference : for groups without an order: gaps of every group against it, and no SII.
    shares : fixed shares for the SII; by default those of the people known.

    Measures are ``rate`` by stratum, ``gap`` and ``sii``, positive for worse off; ``known`` is
    the value among those known. ``ci_low`` and ``ci_high`` add chance to the bounds, and never
    leave what a rate or a difference of rates can be. Raises
    ``DesignError`` for an absent stratum, a missing count, nobody of unknown group, and a
    plausibility below 1; ``DataError`` for impossible counts, ``InputError`` for an unknown word.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    require_per_and_dispersion(per)
    groups = _groups(strata, levels, missing)
    found = []
    for factor in plausibility:
        region = _region(groups, float(factor))
        for measure, stratum, weights in _targets(groups, polarity, reference, shares):
            lowest = lowest_value(groups, region, weights)
            highest = lowest_value(groups, region, -weights)
            least, most = _possible(weights)
            found.append(
                (
                    float(factor),
                    measure,
                    stratum,
                    per * float(weights @ (groups.events / groups.people)),
                    per * lowest.value,
                    per * -highest.value,
                    per * max(_with_chance(groups, lowest, ci_level), least),
                    per * min(-_with_chance(groups, highest, ci_level), most),
                )
            )
    return pd.DataFrame(found, columns=_COLUMNS)


def plausibility_needed(
    strata: pd.DataFrame,
    levels: Sequence[str],
    missing: Sequence[str],
    measure: Literal["gap", "sii"],
    *,
    stratum: str | None = None,
    polarity: Polarity = "low",
    reference: str | None = None,
    shares: Mapping[str, float] | None = None,
) -> float:
    """Return how unlike those known the others must be for the measure's sign to be open.

    The smallest plausibility (to 0.1 %) whose bounds hold 0; 1 when they do from the start,
    infinity when no allocation can make it 0. ``stratum`` is the group whose gap against the
    ``reference`` is meant, where the groups have no order. Errors as for
    ``missing_group_bounds``; ``InputError`` for a group that has no such gap.
    """
    one_of(measure, ("gap", "sii"), "measure")
    one_of(polarity, get_args(Polarity), "polarity")
    groups = _groups(strata, levels, missing)
    rows = _targets(groups, polarity, reference, shares)
    targets = {(name, group): row for name, group, row in rows}
    if (measure, stratum) not in targets:
        raise InputError(
            f"There is no {measure} of {stratum!r} here.",
            where=_WHERE,
            remedy="Name a group that is compared with the reference; without a reference, none.",
        )
    weights = targets[measure, stratum]
    sign = 1.0 if lowest_value(groups, _region(groups, 1.0), weights).value >= 0 else -1.0

    def least(logarithm: float) -> float:
        return lowest_value(groups, _region(groups, math.exp(logarithm)), sign * weights).value

    if least(0.0) <= 0:
        return 1.0
    if lowest_value(groups, _region(groups, math.inf), sign * weights).value > 0:
        return math.inf
    upper = 1.0
    while least(upper) > 0:
        upper *= 2
    return math.exp(float(brentq(least, 0.0, upper, xtol=5e-4)))


def _groups(strata: pd.DataFrame, levels: Sequence[str], missing: Sequence[str]) -> GroupCounts:
    require_columns(strata, ["stratum", "numerator", "denominator"], _WHERE)
    columns = {name: numeric(strata, name, _WHERE) for name in ("numerator", "denominator")}
    indexed = strata.assign(**columns).set_index("stratum")[list(columns)]
    known = [str(name) for name in indexed.index]
    for name in (*levels, *missing):
        if name not in indexed.index:
            raise DesignError(
                f"The data have no stratum {name!r}.",
                where=_WHERE,
                remedy=did_you_mean(str(name), known),
            )
    if indexed.index.has_duplicates or len(levels) < 2 or set(levels) & set(missing):
        raise DesignError(
            "Bounds need one row per stratum, two levels, and no level that is also missing.",
            where=_WHERE,
            remedy="Aggregate units and periods first; name each stratum once.",
        )
    counts = indexed.loc[list(levels)].to_numpy(float)
    unknown = indexed.loc[list(missing)].to_numpy(float).sum(axis=0)
    if not np.isfinite(counts).all() or not np.isfinite(unknown).all():
        raise DesignError(
            "A count is missing.",
            where=_WHERE,
            remedy="Missing is not zero: use years in which every count is there.",
        )
    every = np.vstack([counts, unknown])
    if (every < 0).any() or (every[:, 0] > every[:, 1]).any():
        raise DataError(
            "A count is negative, or a numerator larger than its denominator.",
            where=_WHERE,
            remedy="Bounds are for people with and without an event; check the two columns.",
        )
    if (counts[:, 1] == 0).any() or unknown[1] == 0:
        raise DesignError(
            "A level has nobody in it, or nobody's group is unknown.",
            where=_WHERE,
            remedy="Merge empty levels; without unknown groups there is nothing to bound.",
        )
    return GroupCounts(tuple(levels), counts[:, 1], counts[:, 0], unknown[1], unknown[0])


def _region(groups: GroupCounts, factor: float) -> Region:
    if not factor >= 1:
        raise DesignError(
            f"A plausibility of {factor} is below 1.",
            where=_WHERE,
            remedy="1 shares people of unknown group out as those known; 2 allows half to twice.",
        )
    share = groups.people / groups.people.sum()
    # A group without events would be denied any: half an event more for each, then.
    counted = groups.events + 0.5 * float((groups.events == 0).any())
    people = groups.unknown_people * share
    events = groups.unknown_events * counted / counted.sum()
    if (events > people).any():
        raise DesignError(
            "So many people of unknown group had the event that they cannot be shared out as "
            "those known are.",
            where=_WHERE,
            remedy="Show the group of unknown people as a row of its own.",
        )
    # Beyond this factor nothing more is allowed (and 0 · ∞ is not a number).
    most = min(factor, 1e12)
    return Region(
        people / most,
        np.minimum(people * most, groups.unknown_people),
        events / most,
        np.minimum(events * most, groups.unknown_events),
        counted,
        events * most >= groups.unknown_events,
    )


def _targets(
    groups: GroupCounts,
    polarity: Polarity,
    reference: str | None,
    shares: Mapping[str, float] | None,
) -> list[tuple[str, str | None, Array]]:
    """Return measures as weights on the rates."""
    identity = np.eye(len(groups.levels))
    sign = 1.0 if polarity == "low" else -1.0
    rates: list[tuple[str, str | None, Array]] = [
        ("rate", level, identity[place]) for place, level in enumerate(groups.levels)
    ]
    if reference is not None:
        if reference not in groups.levels:
            raise InputError(
                f"The reference {reference!r} is not among the levels.",
                where=_WHERE,
                remedy=did_you_mean(reference, groups.levels),
            )
        base = identity[groups.levels.index(reference)]
        return rates + [
            ("gap", level, sign * (identity[place] - base))
            for place, level in enumerate(groups.levels)
            if level != reference
        ]
    sizes = groups.people
    if shares is not None:
        absent = [level for level in groups.levels if level not in shares]
        if absent:
            raise InputError(
                "Fixed shares must name every level; absent: " + ", ".join(absent) + ".",
                where="shares",
                remedy="Give one share per level; they need not sum to 1.",
            )
        sizes = np.array([float(shares[level]) for level in groups.levels])
    share = sizes / sizes.sum()
    slope = slope_weights(share, np.cumsum(share) - share / 2)
    return [
        *rates,
        ("gap", None, sign * (identity[0] - identity[-1])),
        ("sii", None, -sign * slope),
    ]


def _with_chance(groups: GroupCounts, lowest: Lowest, ci_level: float) -> float:
    """Return the lower limit of a least value: MOVER on the Wilson limits of every count."""
    change = np.append(lowest.by_events, lowest.by_unknown)
    events = np.append(groups.events, groups.unknown_events)
    people = np.append(groups.people, groups.unknown_people)
    low, high = wilson_limits(events, people, ci_level)
    fewer, more = events - people * low, people * high - events
    return lowest.value - float(np.linalg.norm(change * np.where(change > 0, fewer, more)))


def _possible(weights: Array) -> tuple[float, float]:
    """Return the least and the largest value that rates from 0 to 1 allow."""
    return float(weights[weights < 0].sum()), float(weights[weights > 0].sum())
