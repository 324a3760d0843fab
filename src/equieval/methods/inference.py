"""Inference with few clusters or few treated units: what stands when clustering does not.

A clustered standard error learns how treated clusters vary from the treated clusters; from one
it learns nothing (Conley & Taber 2011, Rev Econ Stat 93:113). Reassigning the treatment over the
units asks instead how unusual the treated units' change is among everyone's (Abadie, Diamond &
Hainmueller 2010, J Am Stat Assoc 105:493), and says beforehand how small a p value it can reach.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.panel import exposure_panel

Array = npt.NDArray[np.float64]
Interval = Literal["clustered", "wild-bootstrap", "reassignment", "size-corrected", "none"]

#: Thresholds of the rule that picks the headline interval, fixed beforehand.
CLUSTERS_FOR_CLUSTERED: Final = 40
TREATED_FOR_CLUSTERED: Final = 10
CLUSTERS_FOR_BOOTSTRAP: Final = 12
TREATED_FOR_BOOTSTRAP: Final = 5
UNITS_FOR_REASSIGNMENT: Final = 20
EVENTS_PER_TREATED_CLUSTER: Final = 10
#: Treated units of such a size, compared with the others, count as alike them.
ALIKE_FROM: Final = 0.9
ALIKE_TO: Final = 1.25
CONTROLS_FOR_SIZES: Final = 20


@dataclass(frozen=True)
class HeadlineRule:
    """Which interval may stand in the headline, and why."""

    interval: Interval
    reason: str


@dataclass(frozen=True, eq=False)
class Reassignment:
    """The observed estimate among those of every (or a sample of) reassignment.

    ``p_value`` is two-sided on the absolute estimate and counts the true assignment itself;
    ``smallest_attainable_p`` is what it would be were the true assignment the most extreme of
    all. ``placebos`` has ``units, estimate`` with the true assignment first.
    """

    estimate: float
    p_value: float
    smallest_attainable_p: float
    n_assignments: int
    exhaustive: bool
    placebos: pd.DataFrame


def headline_interval(
    n_clusters: int,
    n_treated_clusters: int,
    n_events: float | None = None,
    *,
    size_ratio: float = 1.0,
) -> HeadlineRule:
    """Return the interval that a difference-in-differences may have in its headline.

    The smaller of treated and untreated clusters decides, since either side alone can be too
    few; ``n_events`` are the events in the treated clusters, where the outcome is a count.
    ``size_ratio`` is how large treated clusters are compared with the others (``size_ratio``):
    reassignment takes them to be alike, and small ones stray further by chance.
    """
    fewer = min(n_treated_clusters, n_clusters - n_treated_clusters)
    if n_treated_clusters < 1 or n_clusters - n_treated_clusters < 1:
        return HeadlineRule("none", "there is nothing to compare: one side has no cluster")
    if n_events is not None and n_events < EVENTS_PER_TREATED_CLUSTER * n_treated_clusters:
        return HeadlineRule(
            "none",
            f"{n_events:.0f} events in {n_treated_clusters} treated clusters are under "
            f"{EVENTS_PER_TREATED_CLUSTER} each",
        )
    if n_clusters >= CLUSTERS_FOR_CLUSTERED and fewer >= TREATED_FOR_CLUSTERED:
        return HeadlineRule(
            "clustered", f"{n_clusters} clusters, {n_treated_clusters} of them treated"
        )
    if n_clusters >= CLUSTERS_FOR_BOOTSTRAP and fewer >= TREATED_FOR_BOOTSTRAP:
        return HeadlineRule(
            "wild-bootstrap",
            f"{n_clusters} clusters, {n_treated_clusters} of them treated: too few for "
            "clustered standard errors",
        )
    if math.comb(n_clusters, n_treated_clusters) < UNITS_FOR_REASSIGNMENT:
        return HeadlineRule(
            "none",
            f"{n_treated_clusters} treated of {n_clusters} clusters: no p value under "
            f"1/{UNITS_FOR_REASSIGNMENT} could ever come out",
        )
    few = f"{n_treated_clusters} treated of {n_clusters} clusters"
    alike = not (size_ratio < ALIKE_FROM or size_ratio > ALIKE_TO)
    size = f"{size_ratio:.2g} times the size of the others"
    if not alike and n_clusters - n_treated_clusters >= CONTROLS_FOR_SIZES:
        return HeadlineRule(
            "size-corrected",
            f"{few}, of {size}: a standard error cannot be learned from so few; how far a "
            "cluster of that size strays by chance is learned from the others",
        )
    if size_ratio < ALIKE_FROM:
        return HeadlineRule(
            "none",
            f"{few}, of {size}: small clusters stray further by chance, and how much cannot be "
            f"learned from under {CONTROLS_FOR_SIZES} others",
        )
    return HeadlineRule(
        "reassignment",
        f"{few}: a standard error cannot be learned from so few; the treatment is reassigned over "
        "the clusters instead"
        + ("" if alike else f"; of {size}, they stray less by chance than it says"),
    )


def size_ratio(sizes: npt.ArrayLike, treated: npt.ArrayLike) -> float:
    """Return how large treated units are compared with the others, by harmonic means.

    So chance goes: the variance of a mean of rates goes with the mean of 1 / size. Missing where
    a side is empty or a size is not positive.
    """
    values, chosen = np.asarray(sizes, dtype=float), np.asarray(treated, dtype=bool)
    if not (values > 0).all() or chosen.all() or not chosen.any():
        return math.nan
    return float((1 / values[~chosen]).mean() / (1 / values[chosen]).mean())


def effective_number(weights: npt.ArrayLike) -> float:
    """Return how many units alike would tell as much as these, weighted: (Σw)² / Σw².

    Kish (1965, Survey Sampling, section 11.7); for clusters Carter, Schnepel & Steigerwald (2017,
    Rev Econ Stat 99:698). Never more than the units there are.
    """
    values = np.asarray(weights, dtype=float)
    return float(values.sum() ** 2 / (values**2).sum())


def reassign_over_units(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    max_assignments: int = 9_999,
    seed: int = 1,
) -> Reassignment:
    """Reassign the treated units' exposure histories over all units and estimate each time.

    For a balanced panel in which all treated units start together; the estimate is that of
    two-way fixed effects. Every assignment is used where there are at most ``max_assignments``
    of them, else that many drawn with ``seed``, beside the true one. Raises ``DesignError`` for
    an unbalanced panel, several starts, and designs that cannot carry a
    difference-in-differences at all.
    """
    names, change, treated = _changes(data, outcome, exposed, unit, period)
    sets, exhaustive = _assignments(treated, max_assignments, seed)
    estimates = _differences(change, sets)
    return Reassignment(
        estimate=float(estimates[0]),
        p_value=float(_extreme(estimates).mean()),
        smallest_attainable_p=1 / len(estimates),
        n_assignments=len(estimates),
        exhaustive=exhaustive,
        placebos=pd.DataFrame(
            {
                "units": [", ".join(str(name) for name in names[row]) for row in sets],
                "estimate": estimates,
            }
        ),
    )


def reassignment_interval(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    max_assignments: int = 9_999,
    seed: int = 1,
    ci_level: float = 0.95,
) -> Contrast:
    """Return the estimate of ``reassign_over_units`` with the interval that inverts its test.

    The interval holds every effect, the same for all treated units, that the reassignment test
    does not reject at 1 − ``ci_level`` (Lehmann & Romano 2005, section 5.12; exact where the
    units are alike but for the treatment). It is infinite where the smallest attainable p value
    is not below 1 − ``ci_level``. There is no standard error. Errors as ``reassign_over_units``.
    """
    _, change, treated = _changes(data, outcome, exposed, unit, period)
    sets, _ = _assignments(treated, max_assignments, seed)
    estimates = _differences(change, sets)
    # What a unit effect of the truly treated adds to the estimate of each assignment.
    moved = _differences(treated.astype(float), sets)
    estimate, others, share = float(estimates[0]), estimates[1:], moved[1:]
    told_apart = share < 1 - 1e-12
    others, share = others[told_apart], share[told_apart]
    # Half of all units against the other half: the mirrored assignment is as extreme whatever the
    # effect, and rejects none.
    mirrored = share < -1 + 1e-12
    upper = (estimate + others) / np.where(mirrored, 1.0, 1 + share)
    ends = np.sort([(estimate - others) / (1 - share), upper], axis=0)
    ends[:, mirrored] = [[-math.inf], [math.inf]]
    needed = math.floor((1 - ci_level) * len(estimates) + 1e-9)
    low, high = -math.inf, math.inf
    if 1 <= needed <= len(others):
        low = float(np.sort(ends[0])[needed - 1])
        high = float(np.sort(ends[1])[-needed])
    p_value = float(_extreme(estimates).mean())
    return Contrast(estimate, math.nan, math.inf, low, high, p_value, ci_level)


def _changes(
    data: pd.DataFrame, outcome: str, exposed: str, unit: str, period: str
) -> tuple[npt.NDArray[np.object_], Array, npt.NDArray[np.bool_]]:
    """Return units, their change from before to after the start, and who is treated."""
    panel, _ = exposure_panel(data, outcome=outcome, exposed=exposed, unit=unit, period=period)
    outcomes = panel.pivot(index="unit", columns="time", values="outcome")
    exposure = panel.pivot(index="unit", columns="time", values="exposed")
    if outcomes.isna().any(axis=None):
        raise DesignError(
            "Some units miss some periods; reassignment needs every unit in every period.",
            where="reassignment over units",
            remedy="Leave out the units or the periods that are incomplete.",
        )
    treated = exposure.max(axis=1).to_numpy() == 1
    histories = exposure[treated].drop_duplicates()
    if len(histories) > 1:
        raise DesignError(
            "Treated units start at different times; this reassignment is for one start.",
            where="reassignment over units",
            remedy="Reassign within each adoption cohort.",
        )
    after = histories.to_numpy()[0] == 1
    values = outcomes.to_numpy()
    change = values[:, after].mean(axis=1) - values[:, ~after].mean(axis=1)
    return outcomes.index.to_numpy(dtype=object), change, treated


def _differences(values: Array, sets: npt.NDArray[np.intp]) -> Array:
    """Return the mean of each set of units less that of all others."""
    chosen = values[sets].mean(axis=1)
    size = sets.shape[1]
    return np.asarray(chosen - (values.sum() - size * chosen) / (len(values) - size))


def _extreme(estimates: Array) -> npt.NDArray[np.bool_]:
    """Return which estimates are as large as the first; ties count against the finding."""
    tolerance = 1e-9 * max(float(np.abs(estimates).max()), np.finfo(float).tiny)
    return np.asarray(np.abs(estimates) >= abs(estimates[0]) - tolerance)


def _assignments(
    treated: npt.NDArray[np.bool_], limit: int, seed: int
) -> tuple[npt.NDArray[np.intp], bool]:
    """Return sets of treated units (rows of positions), the true one first."""
    true = np.flatnonzero(treated)
    n, size = len(treated), len(true)
    if math.comb(n, size) <= limit:
        others: Iterator[tuple[int, ...]] = (
            row for row in combinations(range(n), size) if row != tuple(true)
        )
        return np.array([tuple(true), *others], dtype=np.intp), True
    rng = np.random.default_rng(seed)
    drawn = np.argsort(rng.random((limit - 1, n)), axis=1)[:, :size]
    return np.vstack([true[None, :], np.sort(drawn, axis=1)]), False
