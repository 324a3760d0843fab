"""People whose group is not known: what could the rates, the gap and the gradient have been?

Who does not state their ethnicity differs from who does, in composition and in risk, so leaving
them out biases every group. Each allocation of them, and of their events, to the groups gives
rates; the bounds hold all allocations that are plausible (Manski 2003; Horowitz & Manski 2000, J
Am Stat Assoc 95:77). Plausibility is one number: 1 shares them out as those known are (people as
people, events as events), 2 lets each group have between half and twice that, infinity anything.
Every measure here is a weighted sum of rates, so its bound is a separable program with two
constraints (all people, all events); its Lagrangian dual, solved by generating columns, never
lies inside the true bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq, linprog

from equieval.errors import DataError, DesignError, InputError, did_you_mean, one_of
from equieval.methods.arguments import require_per_and_dispersion
from equieval.methods.contrasts import t_quantile
from equieval.methods.gradient import slope_weights
from equieval.methods.panel import numeric, require_columns

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
    the value among those known. ``ci_low`` and ``ci_high`` add chance to the bounds. Raises
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
            low, low_error = _lowest(groups, region, weights)
            high, high_error = _lowest(groups, region, -weights)
            z = t_quantile(math.inf, ci_level)
            found.append(
                (
                    float(factor),
                    measure,
                    stratum,
                    per * float(weights @ (groups.events / groups.people)),
                    per * low,
                    per * -high,
                    per * (low - z * low_error),
                    per * (-high + z * high_error),
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
    sign = 1.0 if _lowest(groups, _region(groups, 1.0), weights)[0] >= 0 else -1.0

    def least(logarithm: float) -> float:
        return _lowest(groups, _region(groups, math.exp(logarithm)), sign * weights)[0]

    if least(0.0) <= 0:
        return 1.0
    if _lowest(groups, _region(groups, math.inf), sign * weights)[0] > 0:
        return math.inf
    upper = 1.0
    while least(upper) > 0:
        upper *= 2
    return math.exp(float(brentq(least, 0.0, upper, xtol=5e-4)))


@dataclass(frozen=True, eq=False)
class _Groups:
    """Counts of people and events by group, and of those whose group is not known."""

    levels: tuple[str, ...]
    people: Array
    events: Array
    unknown_people: float
    unknown_events: float


@dataclass(frozen=True, eq=False)
class _Region:
    """Least and most people and events of unknown group that each group may be given."""

    people_low: Array
    people_high: Array
    events_low: Array
    events_high: Array


def _groups(strata: pd.DataFrame, levels: Sequence[str], missing: Sequence[str]) -> _Groups:
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
    return _Groups(tuple(levels), counts[:, 1], counts[:, 0], unknown[1], unknown[0])


def _region(groups: _Groups, factor: float) -> _Region:
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
    return _Region(
        people / most,
        np.minimum(people * most, groups.unknown_people),
        events / most,
        np.minimum(events * most, groups.unknown_events),
    )


def _targets(
    groups: _Groups,
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


def _lowest(groups: _Groups, region: _Region, weights: Array) -> tuple[float, float]:
    """Return the least ``weights · rates`` over the region, and its standard error there.

    Column generation: each group offers allocations (people, events); a linear program mixes
    them under the two totals, and its prices ask every group for a better one.
    """
    size = len(weights)
    columns = [(place, *corner) for place in range(size) for corner in _corners(region, place)]
    # In units of the overall rate, so that the solver's tolerances mean the same for rare events.
    overall = (groups.events.sum() + groups.unknown_events) / (
        groups.people.sum() + groups.unknown_people
    )
    scale = float(np.abs(weights).max()) * max(float(overall), 1e-9)
    # People and events in shares of all of unknown group: large counts are no harder to solve.
    every_person, every_event = groups.unknown_people, max(groups.unknown_events, 1.0)
    value = -math.inf
    for _ in range(200):
        table = np.array(columns, dtype=float)
        place, people, events = table[:, 0].astype(int), table[:, 1], table[:, 2]
        rate = (groups.events[place] + events) / (groups.people[place] + people)
        member = (place[None, :] == np.arange(size)[:, None]).astype(float)
        solved = linprog(
            weights[place] * rate / scale,
            A_eq=np.vstack([member, people / every_person, events / every_event]),
            b_eq=np.append(np.ones(size), [1.0, groups.unknown_events / every_event]),
            method="highs",
        )
        prices = np.asarray(solved.eqlin.marginals, dtype=float)
        prices[size:] /= every_person, every_event
        better = []
        shortfall = 0.0
        for number in range(size):
            offer, cost = _best_offer(
                groups, region, number, weights[number] / scale, prices[size], prices[size + 1]
            )
            saved = float(prices[number]) - cost
            if saved > 1e-8:
                better.append((number, *offer))
                shortfall += saved
        # The dual value: no allocation does better, whatever columns are still unknown.
        value = max(value, float(solved.fun) - shortfall)
        if not better or shortfall < 1e-6:
            break
        columns += better
    mixed = member @ (solved.x * rate)
    people_there = groups.people + member @ (solved.x * people)
    error = math.sqrt(float(weights**2 @ (mixed * (1 - mixed) / people_there)))
    return scale * value, error


def _corners(region: _Region, place: int) -> list[tuple[float, float]]:
    """Return corners of what a group may be given; they span its allocations."""
    low, high = region.people_low[place], region.people_high[place]
    least, most = region.events_low[place], region.events_high[place]
    start = max(low, least)
    corners = {(start, least), (high, least), (high, min(most, high))}
    corners |= {(start, min(most, start)), (max(start, min(most, high)), min(most, high))}
    return [(float(people), float(events)) for people, events in sorted(corners)]


def _best_offer(
    groups: _Groups,
    region: _Region,
    place: int,
    weight: float,
    price_people: float,
    price_events: float,
) -> tuple[tuple[float, float], float]:
    """Return the allocation of one group that costs least at the given prices.

    The cost is linear in events, so they are at one of their ends, the upper one being the
    people themselves or a constant; along each edge the cost is least at an end or where its
    derivative by people vanishes.
    """
    n, x = groups.people[place], groups.events[place]
    corners = _corners(region, place)
    candidates = list(corners)
    first, last = min(corner[0] for corner in corners), max(corner[0] for corner in corners)
    for events in {corner[1] for corner in corners}:
        if weight * price_people < 0:  # −w (x + d)/(n + m)² − price = 0
            people = math.sqrt(-weight * (x + events) / price_people) - n
            if max(first, events) < people < last:
                candidates.append((people, events))
    total = price_people + price_events
    if weight * total > 0:  # along d = m: w (n − x)/(n + m)² − prices = 0
        people = math.sqrt(weight * (n - x) / total) - n
        if first < people < last and region.events_low[place] <= people:
            candidates.append((people, min(people, float(region.events_high[place]))))

    def cost(offer: tuple[float, float]) -> float:
        people, events = offer
        rate = (x + events) / (n + people)
        return float(weight * rate - price_people * people - price_events * events)

    best = min(candidates, key=cost)
    return best, cost(best)
