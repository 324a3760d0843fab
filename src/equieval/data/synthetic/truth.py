"""The true values of what an evaluation of a panel estimates.

Every row of the table follows from the expected rates of the treated units, with and without
the intervention, at their sizes and shares before their own start, which stay fixed.

| estimand      | which cells of the treated units                                          |
|---------------|---------------------------------------------------------------------------|
| `at-period`   | all units exposed in that period (a horizon)                              |
| `group-time`  | one cohort in one period, ATT(g, t)                                       |
| `event-time`  | all units at the same number of periods since their start                 |
| `simple`      | all exposed cells: the average effect; for one start, the DiD's ATT       |
| `group`       | the cohorts' averages over time, weighed by the cohorts' sizes            |
| `dynamic`     | the event times, each weighed alike                                       |
| `calendar`    | the periods, each weighed alike                                           |

``measure`` is ``rate`` for one stratum or for ``all`` (each unit's own shares), or an inequality
measure at the pooled shares; over groups that are not ranked, ``gap`` and ``ratio`` of each
``stratum`` against the reference. ``weighting`` is ``denominator`` (each birth counts alike)
or ``unit`` (each unit does). Positive, or above 1, is worse for the most deprived. The measures
are written out here, not taken from `equieval.methods`: a truth must not share a mistake with
what is held against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.data.synthetic.groups import Groups
from equieval.data.synthetic.noise import rounded
from equieval.data.synthetic.record import ESTIMAND_COLUMNS, Array
from equieval.data.synthetic.world import World

Mask = npt.NDArray[np.bool_]
_WEIGHTINGS = ("denominator", "unit")
_KEYS = ("estimand", "cohort", "event_time", "period", "weighting")


@dataclass(frozen=True, eq=False)
class _Cells:
    """Sets of treated units and periods; ``average`` turns values by set into the estimand's."""

    estimand: str
    cohorts: tuple[str, ...]
    event_times: tuple[int | None, ...]
    periods: tuple[str, ...]
    masks: Mask
    averaged: bool = False


def shares_before(world: World, weighting: str = "denominator") -> Array:
    """Return the share of each level among treated units (all, where none is) before the start."""
    chosen = world.treated if len(world.treated) else np.arange(len(world.names))
    births = world.baseline_births()[chosen]
    if weighting == "unit":
        return np.asarray((births / births.sum(axis=1, keepdims=True)).mean(axis=0))
    return np.asarray(births.sum(axis=0) / births.sum())


def inequality(
    rates: Array, shares: Array, groups: Groups, polarity: str
) -> Iterator[tuple[str, str, Array]]:
    """Yield ``measure, stratum, values`` for rates that are cases × levels.

    For ranked groups: gap, ratio, SII, RII, absolute and relative concentration index (least
    squares on the ridit, weighed by the shares). Otherwise gap and ratio against the reference;
    for parity indicators also the ratio's distance from 1. Positive, or above 1, is worse for
    the most deprived; indicators without a better direction are signed as if high were worse.
    """
    high_is_good = polarity == "high"
    sign = -1.0 if high_is_good else 1.0

    def over(top: Array, bottom: Array) -> Array:
        return np.asarray(bottom / top if high_is_good else top / bottom)

    if not groups.ordered:
        reference = groups.levels.index(groups.reference)
        for place, level in enumerate(groups.levels):
            if place == reference:
                continue
            ratio = over(rates[:, place], rates[:, reference])
            yield "gap", level, np.asarray(sign * (rates[:, place] - rates[:, reference]))
            yield "ratio", level, ratio
            if polarity == "parity":
                yield "parity-distance", level, np.abs(ratio - 1.0)
        return
    from_middle = np.cumsum(shares) - shares / 2 - 0.5
    mean = rates @ shares
    covariance = rates @ (shares * from_middle)
    slope = covariance / (shares @ from_middle**2)
    yield "gap", "", np.asarray(sign * (rates[:, 0] - rates[:, -1]))
    yield "ratio", "", over(rates[:, 0], rates[:, -1])
    yield "sii", "", np.asarray(-sign * slope)
    yield "rii", "", over(mean - slope / 2, mean + slope / 2)
    yield "concentration-index-absolute", "", np.asarray(-sign * 2 * covariance)
    yield "concentration-index-relative", "", np.asarray(-sign * 2 * covariance / mean)


def estimands(world: World) -> pd.DataFrame:
    """Return every true value of a panel with treated units (columns ``ESTIMAND_COLUMNS``)."""
    chosen = world.treated
    births = world.baseline_births()[chosen]
    rows: list[tuple[object, ...]] = []
    for cells in _kinds(world):
        for weighting in _WEIGHTINGS:
            by_unit = weighting == "unit"
            own_shares = births / births.sum(axis=1, keepdims=True)
            within = np.ones_like(births) if by_unit else births
            across = own_shares if by_unit else births
            shares = shares_before(world, weighting)
            both = [
                _values(rates[chosen], cells, within, across)
                for rates in (world.rate, world.counterfactual)
            ]
            rows += _rows(world, cells, weighting, shares, both)
    columns = ["measure", "stratum", "observed", "counterfactual", *_KEYS]
    table = pd.DataFrame.from_records(rows, columns=columns)
    table["indicator"] = world.setting.indicator
    table["event_time"] = table["event_time"].astype("Int64")
    for name in ("observed", "counterfactual"):
        table[name] = rounded(table[name].to_numpy())
    table["effect"] = rounded((table["observed"] - table["counterfactual"]).to_numpy())
    return table[list(ESTIMAND_COLUMNS)]


def _values(rates: Array, cells: _Cells, within: Array, across: Array) -> tuple[Array, Array]:
    """Return the rate of each set of cells by level, and over all levels."""
    masks = cells.masks.astype(float)
    exposed = masks.sum(axis=2)
    flat = masks.reshape(len(masks), -1)
    by_level = flat @ (within[:, None, :] * rates).reshape(flat.shape[1], -1)
    by_level /= exposed @ within
    overall = flat @ (across[:, None, :] * rates).sum(axis=2).ravel()
    overall /= exposed @ across.sum(axis=1)
    if not cells.averaged:
        return by_level, overall
    if cells.estimand == "group":
        # A cohort counts by its units or births, not by how long it has been exposed.
        member = cells.masks.any(axis=2).astype(float)
        sizes, all_sizes = member @ within, member @ across.sum(axis=1)
        by_level = (sizes * by_level).sum(axis=0, keepdims=True) / sizes.sum(axis=0)
        return by_level, np.atleast_1d((all_sizes @ overall) / all_sizes.sum())
    return by_level.mean(axis=0, keepdims=True), overall.mean(keepdims=True)


def _rows(
    world: World,
    cells: _Cells,
    weighting: str,
    shares: Array,
    both: Sequence[tuple[Array, Array]],
) -> Iterator[tuple[object, ...]]:
    """Yield ``measure, stratum, observed, counterfactual`` and the keys of each set of cells."""
    groups, polarity = world.setting.groups, world.indicator.polarity
    (observed, observed_all), (without, without_all) = both
    found = [("rate", "all", observed_all, without_all)]
    for place, level in enumerate(groups.levels):
        found.append(("rate", level, observed[:, place], without[:, place]))
    for (measure, stratum, now), (_, _, then) in zip(
        inequality(observed, shares, groups, polarity),
        inequality(without, shares, groups, polarity),
        strict=True,
    ):
        found.append((measure, stratum, now, then))
    sets = list(zip(cells.cohorts, cells.event_times, cells.periods, strict=True))
    if cells.averaged:
        sets = [("", None, "")]
    for measure, stratum, now, then in found:
        for at, (cohort, event_time, period) in enumerate(sets):
            keys = (cells.estimand, cohort, event_time, period, weighting)
            yield (measure, stratum, float(now[at]), float(then[at]), *keys)


def _kinds(world: World) -> Iterator[_Cells]:
    """Yield the sets of cells of each estimand, over the treated units."""
    labels = world.labels
    event = world.event_time[world.treated]
    exposed = event >= 0
    start = world.start[world.treated]
    periods = np.flatnonzero(exposed.any(axis=0))
    times = range(int(event.max()) + 1)
    firsts = sorted(set(start.tolist()))
    clock = np.arange(len(labels))

    at_period = np.array([exposed & (clock == period) for period in periods])
    at_event = np.array([event == time for time in times])
    by_cohort = np.array([exposed & (start == first)[:, None] for first in firsts])
    pairs = [(first, int(period)) for first in firsts for period in clock[first:]]
    group_time = np.array(
        [(start == first)[:, None] & (clock == period)[None, :] for first, period in pairs]
    )

    def nothing(number: int) -> tuple[str, ...]:
        return ("",) * number

    def never(number: int) -> tuple[None, ...]:
        return (None,) * number

    period_labels = tuple(labels[period] for period in periods)
    cohort_labels = tuple(labels[first] for first in firsts)
    yield _Cells("at-period", nothing(len(periods)), never(len(periods)), period_labels, at_period)
    yield _Cells(
        "group-time",
        tuple(labels[first] for first, _ in pairs),
        tuple(period - first for first, period in pairs),
        tuple(labels[period] for _, period in pairs),
        group_time,
    )
    yield _Cells("event-time", nothing(len(times)), tuple(times), nothing(len(times)), at_event)
    yield _Cells("simple", nothing(1), never(1), nothing(1), exposed[None])
    yield _Cells("group", cohort_labels, never(len(firsts)), nothing(len(firsts)), by_cohort, True)
    yield _Cells("dynamic", nothing(len(times)), tuple(times), nothing(len(times)), at_event, True)
    yield _Cells(
        "calendar", nothing(len(periods)), never(len(periods)), period_labels, at_period, True
    )
