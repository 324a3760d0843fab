"""What effect could a comparison of units find? Answered from the user's own pre-period panel.

The pre-period, freed of unit and period effects, gives the noise: by unit its variance and one
autocorrelation, or blocks of periods drawn again with all units together
(``equieval.methods.panel_noise``). Panels of the planned length are drawn from it and judged as
the real one will be: by the interval that the headline rule allows. Trends are taken to be
parallel, and the effect the same everywhere. The gap between two strata is an outcome like any
other. For one series see ``equieval.methods.power``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import t_quantile
from equieval.methods.inference import headline_interval
from equieval.methods.panel import (
    require_columns,
    require_one_row_per_unit_and_period,
    time_numbers,
)
from equieval.methods.panel_noise import autoregressive_panels, block_panels, panel_noise
from equieval.methods.power import power_curve, refuse_power, smallest_found
from equieval.methods.synthetic_weights import placebo_effects, placebo_sets, synthetic_effects

Array = npt.NDArray[np.float64]
Noise = Literal["autoregressive", "blocks"]
Inference = Literal["clustered", "bell-mccaffrey", "reassignment", "synthetic"]

FEWEST_BEFORE: Final = 6
_WHERE: Final = "power of a comparison of units"
_ASSIGNMENTS: Final = 999


@dataclass(frozen=True, eq=False)
class PanelDetectableEffect:
    """The smallest effect found with the power asked for, and the curve behind it.

    ``effect`` is in the outcome's unit (the gap's, for a gap), on average over the exposed
    periods, in either direction; infinite where no effect would be found often enough.
    ``inference`` is how the drawn panels were judged, ``reason`` why. ``phi`` and ``sigma`` are
    the noise's autocorrelation and mean standard deviation. ``curve`` has ``effect, power,
    monte_carlo_error``.
    """

    effect: float
    power: float
    inference: Inference
    reason: str
    noise: Noise
    phi: float
    sigma: float
    n_units: int
    n_treated_units: int
    periods_before: int
    periods_after: int
    replications: int
    curve: pd.DataFrame


def detectable_effect_panel(
    before: pd.DataFrame,
    adoption: Mapping[str, int],
    *,
    outcome: str,
    periods_after: int,
    unit: str = "unit",
    period: str = "period",
    strata: tuple[str, str] | None = None,
    stratum: str = "stratum",
    inference: Inference | None = None,
    noise: Noise | None = None,
    power: float = 0.8,
    ci_level: float = 0.95,
    replications: int = 500,
    seed: int = 1,
) -> PanelDetectableEffect:
    """Return the smallest effect that the planned comparison would find.

    Parameters
    ----------
    before : one row per unit and period (and stratum) before any unit is exposed, complete.
    adoption : treated units, as text, with the planned period that they are first exposed in,
        counted from 0; all alike for one start, different for staggered adoption (the estimate
        is then Callaway and Sant'Anna's simple average against units not yet exposed).
    periods_after : planned periods after ``before``.
    strata : worst-off and best-off stratum, for the effect on the gap between them.
    inference : how panels are judged. By default as the headline rule says: "clustered" (t on
        units − 1), "bell-mccaffrey" where it asks for the wild bootstrap (the same test within
        simulation error, without the draws), "reassignment" over the units; "synthetic" weighs
        controls and ranks among placebos.
    noise : "autoregressive" (default) or "blocks" (default for "synthetic", which lives on what
        units share).

    Raises ``DesignError`` for gaps in the panel, under 6 periods, treated units that are not in
    it, no controls, adoption outside the plan, and designs that can find no effect at all.
    """
    values, names = _values(before, outcome, unit, period, strata, stratum)
    first = _first(adoption, names, periods_after)
    rule = headline_interval(len(names), int((first >= 0).sum()))
    chosen, reason = _chosen(inference, rule.interval, rule.reason, first)
    refuse_power(power)
    rng = np.random.default_rng(seed)
    kind: Noise = noise or ("blocks" if chosen == "synthetic" else "autoregressive")
    residuals, phi, deviation = panel_noise(values)
    length = values.shape[1] + periods_after
    drawn = (
        autoregressive_panels(rng, phi, deviation, length, replications)
        if kind == "autoregressive"
        else block_panels(rng, residuals, length, replications)
    )
    n_before = values.shape[1]
    if chosen == "synthetic":
        needed = _synthetic(drawn, first, n_before, 1 - ci_level, seed)
    elif chosen == "reassignment":
        needed = _reassigned(drawn, first, n_before, 1 - ci_level, seed)
    else:
        needed = _by_interval(drawn, first, n_before, ci_level, chosen)
    return PanelDetectableEffect(
        effect=smallest_found(needed, power),
        power=power,
        inference=chosen,
        reason=reason,
        noise=kind,
        phi=phi,
        sigma=float(np.sqrt((deviation**2).mean())),
        n_units=len(names),
        n_treated_units=int((first >= 0).sum()),
        periods_before=n_before,
        periods_after=periods_after,
        replications=replications,
        curve=power_curve(needed),
    )


def _values(
    before: pd.DataFrame,
    outcome: str,
    unit: str,
    period: str,
    strata: tuple[str, str] | None,
    stratum: str,
) -> tuple[Array, list[str]]:
    """Return outcomes (or gaps) as units × periods, and the units' names."""
    require_columns(before, [outcome, unit, period, *([stratum] if strata else [])], _WHERE)
    tables = []
    for level in strata or (None,):
        rows = before if level is None else before[before[stratum] == level]
        if rows.empty:
            raise DesignError(
                f"The data have no stratum {level!r}.",
                where=_WHERE,
                remedy="Name the worst-off and the best-off stratum as the data do.",
            )
        require_one_row_per_unit_and_period(rows, unit, period)
        times = time_numbers(rows[period])
        tables.append(rows.assign(_time=times).pivot(index=unit, columns="_time", values=outcome))
    table = tables[0] if len(tables) == 1 else tables[0] - tables[1]
    if table.isna().any(axis=None) or (np.diff(table.columns.to_numpy()) != 1).any():
        raise DesignError(
            "Some units miss some periods.",
            where=_WHERE,
            remedy="Leave out units or periods that are incomplete, or use longer periods.",
        )
    if table.shape[1] < FEWEST_BEFORE:
        raise DesignError(
            f"{table.shape[1]} periods before the start are too few to judge power by.",
            where=_WHERE,
            remedy=f"Give at least {FEWEST_BEFORE}.",
        )
    return table.to_numpy(float), [str(name) for name in table.index]


def _first(
    adoption: Mapping[str, int], names: list[str], periods_after: int
) -> npt.NDArray[np.int64]:
    """Return each unit's first exposed planned period, −1 for never."""
    for name, at in adoption.items():
        if str(name) not in names:
            raise DesignError(
                f"The treated unit {name!r} is not in the data.",
                where=_WHERE,
                remedy="Name treated units as the data do.",
            )
        if not 0 <= at < periods_after:
            raise DesignError(
                f"{name!r} starts in planned period {at}, outside the {periods_after} planned.",
                where=_WHERE,
                remedy=f"Count from 0 to {periods_after - 1}.",
            )
    planned = {str(name): int(at) for name, at in adoption.items()}
    first = np.array([planned.get(name, -1) for name in names], dtype=np.int64)
    if (first < 0).all():
        raise DesignError(
            "No unit is planned to be treated.", where=_WHERE, remedy="Name the treated units."
        )
    if not (first < 0).any() and len(set(first)) == 1:
        raise DesignError(
            "No controls are left: all units start at the same time.",
            where=_WHERE,
            remedy="Plan for units that start later or never.",
        )
    return first


def _chosen(
    inference: Inference | None, allowed: str, reason: str, first: npt.NDArray[np.int64]
) -> tuple[Inference, str]:
    n_treated = int((first >= 0).sum())
    n_controls = len(first) - n_treated
    if inference is not None:
        if inference in ("clustered", "bell-mccaffrey") and (n_treated < 2 or n_controls < 2):
            raise DesignError(
                f"{n_treated} treated and {n_controls} untreated units carry no standard error.",
                where=_WHERE,
                remedy="Ask for inference='reassignment' or 'synthetic'.",
            )
        if inference == "synthetic" and (
            len(set(first[first >= 0])) > 1 or n_controls < n_treated + 2
        ):
            raise DesignError(
                "Synthetic controls need one start, and two more controls than treated units.",
                where=_WHERE,
                remedy="Plan one start and more controls, or another inference.",
            )
        return inference, "asked for"
    if allowed == "clustered":
        return "clustered", reason
    if allowed == "wild-bootstrap":
        return "bell-mccaffrey", reason
    if allowed == "reassignment":
        return "reassignment", reason
    raise DesignError(
        f"No effect could ever be found: {reason}.",
        where=_WHERE,
        remedy="Plan for more units, treated or not.",
    )


def _cells(
    first: npt.NDArray[np.int64], n_before: int, length: int
) -> list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Array, float]]:
    """Return treated, controls, weights over periods and share of every 2×2 of the estimate.

    With one start there is one: after less before, all periods. Under staggered adoption there
    is one for every cohort and exposed period, against the last period before exposure.
    """
    starts = np.unique(first[first >= 0])
    found = []
    if len(starts) == 1:
        begins = n_before + int(starts[0])
        over = np.where(np.arange(length) >= begins, 1 / (length - begins), -1 / begins)
        return [(first >= 0, first < 0, over, 1.0)]
    for cohort in starts:
        members = first == cohort
        for time in range(n_before + int(cohort), length):
            controls = (first < 0) | (first > time - n_before)
            if controls.any():
                over = np.zeros(length)
                over[time], over[n_before + int(cohort) - 1] = 1.0, -1.0
                found.append((members, controls, over, float(members.sum())))
    total = sum(share for *_, share in found)
    return [(members, controls, over, share / total) for members, controls, over, share in found]


def _by_interval(
    drawn: Array, first: npt.NDArray[np.int64], n_before: int, ci_level: float, kind: Inference
) -> Array:
    """Return the effect each drawn panel needs for its interval to exclude 0."""
    n = len(first)
    estimate = np.zeros(len(drawn))
    influence = np.zeros(drawn.shape[:2])
    for members, controls, over, share in _cells(first, n_before, drawn.shape[2]):
        change = drawn @ over
        for side, sign in ((members, 1.0), (controls, -1.0)):
            size = int(side.sum())
            mean = change[:, side].mean(axis=1)
            estimate += share * sign * mean
            # CR2 divides by size − 1 in each arm; the usual factor is over all units.
            factor = math.sqrt(size / max(size - 1, 1)) if kind == "bell-mccaffrey" else 1.0
            influence[:, side] += share * sign * factor * (change[:, side] - mean[:, None]) / size
    error = np.sqrt((influence**2).sum(axis=1))
    if kind == "bell-mccaffrey":
        treated = int((first >= 0).sum())
        parts = np.array([1 / treated, 1 / (n - treated)]) if n > treated else np.array([1.0])
        spare = np.array([treated - 1, n - treated - 1])[: len(parts)]
        df = float(parts.sum() ** 2 / (parts**2 / np.maximum(spare, 1)).sum())
    else:
        error *= math.sqrt(n / (n - 1))
        df = n - 1.0
    return np.asarray(t_quantile(df, ci_level) * error - estimate)


def _reassigned(
    drawn: Array, first: npt.NDArray[np.int64], n_before: int, alpha: float, seed: int
) -> Array:
    """Return the effect each drawn panel needs to be extreme among reassignments."""
    length = drawn.shape[2]
    exposed = (first[:, None] >= 0) & (np.arange(length) >= n_before + first[:, None])

    def weights(assigned: npt.NDArray[np.int64]) -> Array:
        total = np.zeros((len(first), length))
        for members, controls, over, share in _cells(assigned, n_before, length):
            total += share * np.outer(members / members.sum() - controls / controls.sum(), over)
        return total

    rng = np.random.default_rng(seed)
    possible = {tuple(int(value) for value in first)}
    others = []
    for _ in range(20 * _ASSIGNMENTS):
        row = rng.permutation(first)
        key = tuple(int(value) for value in row)
        if key not in possible:
            possible.add(key)
            others.append(weights(row))
        if len(others) == _ASSIGNMENTS:
            break
    true = weights(first)
    flat = drawn.reshape(len(drawn), -1)
    own = flat @ true.ravel()
    stacked = np.stack(others).reshape(len(others), -1)
    placebo, moved = flat @ stacked.T, stacked @ exposed.ravel()
    return _needed(own, placebo, moved, alpha)


def _synthetic(
    drawn: Array, first: npt.NDArray[np.int64], n_before: int, alpha: float, seed: int
) -> Array:
    treated, controls = np.flatnonzero(first >= 0), np.flatnonzero(first < 0)
    begins = n_before + int(first[treated[0]])
    sets, _ = placebo_sets(len(controls), len(treated), 99, seed)
    own, placebo = np.empty(len(drawn)), np.empty((len(drawn), len(sets)))
    for number, panel in enumerate(drawn):
        values = panel[None]
        own[number] = synthetic_effects(values, treated, controls, begins)[0][0]
        placebo[number] = placebo_effects(values, controls, sets, begins)[:, 0]
    return _needed(own, placebo, np.zeros(len(sets)), alpha)


def _needed(own: Array, placebo: Array, moved: Array, alpha: float) -> Array:
    """Return the effect beyond which few enough placebos are as extreme as the true assignment.

    A placebo whose estimate moves by ``moved`` times the effect falls behind for good at a
    certain effect; the true assignment counts among those it is compared with.
    """
    allowed = math.floor(alpha * (placebo.shape[1] + 1) + 1e-9)
    if allowed < 1:
        raise DesignError(
            f"No effect could ever be found: {placebo.shape[1]} placebos allow no p value under "
            f"1/{placebo.shape[1] + 1}.",
            where=_WHERE,
            remedy="Plan for more units, treated or not.",
        )
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (placebo - own[:, None]) / (1 - moved)
        below = (-placebo - own[:, None]) / (1 + moved)
    behind = np.maximum(
        np.where(moved < 1 - 1e-9, above, math.inf), np.where(moved > -1 + 1e-9, below, math.inf)
    )
    last = np.sort(behind, axis=1)[:, -allowed]
    return np.asarray(np.maximum(last, -own))
