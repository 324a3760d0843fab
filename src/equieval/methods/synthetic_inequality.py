"""The effect on inequality with one (or few) treated units, by synthetic difference-in-differences.

One set of unit and of period weights is found for all strata together
(``equieval.methods.synthetic_weights``), so effects by stratum, the gap and every other measure
come from one counterfactual. With one treated unit no standard error can be learned from it:
every control is treated in its stead, and the effect is held against those placebos (Abadie,
Diamond & Hainmueller 2010, J Am Stat Assoc 105:493). That takes treated and controls to be
equally variable; the smallest p value that could come out is 1/(placebos + 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError, InputError, did_you_mean, one_of
from equieval.methods.adoption import refuse_changing_weights
from equieval.methods.contrasts import Contrast, t_quantile
from equieval.methods.inequality_effect import Levelling, fixed_shares, verdict_of
from equieval.methods.inference import Reassignment
from equieval.methods.measure_functionals import (
    MEASURES,
    Polarity,
    measure_functional,
    ridits_of,
)
from equieval.methods.panel import exposure_panel, require_columns
from equieval.methods.synthetic_weights import (
    placebo_effects,
    placebo_sets,
    synthetic_effects,
    treated_mean,
)

Array = npt.NDArray[np.float64]

_WHERE: Final = "synthetic difference-in-differences by stratum"


@dataclass(frozen=True, eq=False)
class SyntheticStrata:
    """Effects by stratum against one synthetic control, and the placebos they are held against.

    ``effects`` and ``observed`` (the treated units' mean after the start) follow ``levels``, most
    to least deprived; ``placebos`` is sets × levels. ``unit_weights`` and ``time_weights`` sum to
    1 and hold for all strata; ``pre_fit`` is by level the root mean squared distance of treated
    and synthetic control before the start, level aside. ``exhaustive``: every possible placebo
    was used.
    """

    levels: tuple[str, ...]
    effects: Array
    observed: Array
    shares: Array
    placebos: Array
    unit_weights: pd.Series
    time_weights: pd.Series
    pre_fit: pd.Series
    n_controls: int
    n_treated_units: int
    exhaustive: bool

    @property
    def smallest_attainable_p(self) -> float:
        """The p value of an effect larger than every placebo."""
        return 1 / (len(self.placebos) + 1)

    def effect(self, level: str, ci_level: float = 0.95) -> Contrast:
        """Return the effect in one stratum, held against its placebos."""
        if level not in self.levels:
            raise InputError(
                f"There is no stratum {level!r}.",
                where=_WHERE,
                remedy=did_you_mean(level, self.levels),
            )
        place = self.levels.index(level)
        return placebo_contrast(float(self.effects[place]), self.placebos[:, place], ci_level)

    def measures(
        self,
        *,
        polarity: Polarity = "low",
        which: Sequence[str] | None = None,
        ci_level: float = 0.95,
    ) -> pd.DataFrame:
        """Return the effect on each measure of inequality, as ``inequality_effects`` does.

        Columns ``measure, scale, observed, counterfactual, estimate, std_error, df, ci_low,
        ci_high, p_value``; of each placebo the same measure is taken, of the treated units'
        observed rates less the placebo's effects.
        """
        one_of(polarity, get_args(Polarity), "polarity")
        ridits = ridits_of(self.shares)
        records: list[dict[str, object]] = []
        for name in MEASURES if which is None else which:
            scale, signed = measure_functional(name, polarity)

            def without(effects: Array, measure=signed) -> float:  # type: ignore[no-untyped-def]
                return float(measure(self.observed - effects, self.shares, ridits)[0])

            now, then = without(np.zeros(len(self.levels))), without(self.effects)
            noise = np.array([now - without(row) for row in self.placebos])
            row = placebo_contrast(now - then, noise, ci_level).as_row()
            row.pop("ci_level")
            records.append(
                {"measure": name, "scale": scale, "observed": now, "counterfactual": then, **row}
            )
        return pd.DataFrame(records)

    def levelling(self, *, polarity: Polarity = "low", ci_level: float = 0.95) -> Levelling:
        """Say whether the gap narrowed or widened and which end moved."""
        one_of(polarity, get_args(Polarity), "polarity")
        sign = 1.0 if polarity == "low" else -1.0
        gap = placebo_contrast(
            sign * float(self.effects[0] - self.effects[-1]),
            self.placebos[:, 0] - self.placebos[:, -1],
            ci_level,
        )
        worst, best = (self.effect(self.levels[place], ci_level) for place in (0, -1))
        return Levelling(verdict_of(gap, worst, best, polarity), gap, worst, best)


def placebo_contrast(estimate: float, placebos: Array, ci_level: float = 0.95) -> Contrast:
    """Hold an estimate against placebos: p by rank, and the interval of what is not rejected.

    The true assignment counts among those it is compared with, so with fewer than
    ``1/(1 − ci_level) − 1`` placebos nothing can be rejected and the interval has no ends.
    ``std_error`` is the placebos' standard deviation. A placebo that is missing (a measure that
    it does not have) counts as more extreme.
    """
    t_quantile(math.inf, ci_level)  # refuses a confidence level outside (0, 1)
    size = np.sort(np.where(np.isfinite(placebos), np.abs(placebos), math.inf))[::-1]
    tolerance = 1e-9 * max(abs(estimate), np.finfo(float).tiny)
    allowed = math.floor((1 - ci_level) * (len(size) + 1) + 1e-9)
    half = float(size[allowed - 1]) if allowed >= 1 else math.inf
    known = placebos[np.isfinite(placebos)]
    return Contrast(
        estimate=estimate,
        std_error=float(known.std()) if len(known) > 1 else math.nan,
        df=math.inf,
        ci_low=estimate - half,
        ci_high=estimate + half,
        p_value=float(1 + (size >= abs(estimate) - tolerance).sum()) / (len(size) + 1)
        if math.isfinite(estimate)
        else math.nan,
        ci_level=ci_level,
    )


def synthetic_strata(
    data: pd.DataFrame,
    levels: Sequence[str],
    *,
    outcome: str,
    exposed: str = "exposed",
    stratum: str = "stratum",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    size: str | None = None,
    shares: Mapping[str, float] | None = None,
    max_placebos: int = 499,
    seed: int = 1,
) -> SyntheticStrata:
    """Estimate the effect in every stratum against one synthetic control.

    ``data`` has one row per unit, period and stratum, complete, with all treated units starting
    together. ``weights`` (a unit's births before the start) weigh the treated units in their mean,
    and the controls that stand in for them. ``size`` names the denominators (births) that shares
    before the start come from; without it and ``shares`` strata count the same. Every set of
    controls of the treated units' number is a placebo, or ``max_placebos`` of them drawn with
    ``seed``. Raises ``DesignError`` for strata with gaps, several starts, exposure that ends,
    under two periods before the start, no more than one control beyond the treated units' number,
    and weights that change within a unit or are not positive.
    """
    require_columns(data, [stratum, *([size] if size else [])], _WHERE)
    blocks, sizes, counted = [], [], []
    design: pd.DataFrame | None = None
    for level in levels:
        rows = data[data[stratum] == level].reset_index(drop=True)
        if rows.empty:
            raise DesignError(
                f"The data have no stratum {level!r}.",
                where=_WHERE,
                remedy=did_you_mean(str(level), [str(name) for name in data[stratum].unique()]),
            )
        extra = [name for name in dict.fromkeys((size, weights)) if name]
        panel, outcomes, exposure = _complete(rows, outcome, exposed, unit, period, extra, level)
        if design is not None and not exposure.equals(design):
            raise DesignError(
                f"The strata {levels[0]!r} and {level!r} have different units, periods or "
                "exposure.",
                where=_WHERE,
                remedy="Keep the units and periods that every stratum has.",
            )
        design = exposure
        ever = panel["unit"].map(exposure.max(axis=1)) == 1
        before = ever & (panel["exposed"] == 0)
        sizes.append(float(panel.loc[before, size].sum()) if size else 1.0)
        blocks.append(outcomes.to_numpy(float))
        counted.append(_unit_weights(panel, weights, design))
    if design is None:
        raise DesignError(
            "No strata are named.", where=_WHERE, remedy="Name at least two strata in order."
        )
    values, counts = np.stack(blocks), np.stack(counted) if weights else None
    treated, controls, n_before = _arms(design)
    effects, unit_weights, time_weights = synthetic_effects(
        values, treated, controls, n_before, counts
    )
    sets, exhaustive = placebo_sets(len(controls), len(treated), max_placebos, seed)
    own, theirs = treated_mean(values, treated, counts), unit_weights @ values[:, controls]
    apart = (own - theirs)[:, :n_before]
    apart = apart - apart.mean(axis=1, keepdims=True)
    labels = dict(zip(panel["time"], rows.loc[panel.index, period], strict=True))
    return SyntheticStrata(
        levels=tuple(levels),
        effects=effects,
        observed=own[:, n_before:].mean(axis=1),
        shares=fixed_shares(shares, levels, sizes),
        placebos=placebo_effects(values, controls, sets, n_before, counts),
        unit_weights=pd.Series(unit_weights, index=design.index[controls]),
        time_weights=pd.Series(
            time_weights, index=[labels[time] for time in design.columns[:n_before]]
        ),
        pre_fit=pd.Series(np.sqrt((apart**2).mean(axis=1)), index=list(levels)),
        n_controls=len(controls),
        n_treated_units=len(treated),
        exhaustive=exhaustive,
    )


def placebo_synthetic_did(
    data: pd.DataFrame,
    *,
    outcome: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    weights: str | None = None,
    max_placebos: int = 499,
    seed: int = 1,
) -> Reassignment:
    """Hold the synthetic difference-in-differences of one outcome against its placebos.

    The estimate is that of ``synthetic_did``; its normal interval learns a variance from the
    placebos, this p value only ranks among them. Arguments and errors as for
    ``synthetic_strata``.
    """
    rows = data.reset_index(drop=True)
    extra = [weights] if weights else []
    panel, outcomes, design = _complete(rows, outcome, exposed, unit, period, extra, None)
    values = outcomes.to_numpy(float)[None]
    counts = _unit_weights(panel, weights, design)[None] if weights else None
    treated, controls, n_before = _arms(design)
    estimate = float(synthetic_effects(values, treated, controls, n_before, counts)[0][0])
    sets, exhaustive = placebo_sets(len(controls), len(treated), max_placebos, seed)
    placebos = placebo_effects(values, controls, sets, n_before, counts)[:, 0]
    names = design.index.to_numpy()
    drawn = [controls[chosen] for chosen in sets]
    return Reassignment(
        estimate=estimate,
        p_value=placebo_contrast(estimate, placebos).p_value,
        smallest_attainable_p=1 / (len(placebos) + 1),
        n_assignments=len(placebos) + 1,
        exhaustive=exhaustive,
        placebos=pd.DataFrame(
            {
                "units": [", ".join(str(name) for name in names[row]) for row in (treated, *drawn)],
                "estimate": [estimate, *placebos],
            }
        ),
    )


def _complete(
    rows: pd.DataFrame,
    outcome: str,
    exposed: str,
    unit: str,
    period: str,
    extra: Sequence[str],
    level: str | None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the panel, its outcomes and its exposure as units × periods, without gaps."""
    panel, _ = exposure_panel(
        rows,
        outcome=outcome,
        exposed=exposed,
        unit=unit,
        period=period,
        extra=extra,
    )
    outcomes = panel.pivot(index="unit", columns="time", values="outcome")
    exposure = panel.pivot(index="unit", columns="time", values="exposed")
    if outcomes.isna().any(axis=None):
        raise DesignError(
            "Some units miss some periods" + (f" in stratum {level!r}." if level else "."),
            where=_WHERE,
            remedy="Leave out units or periods that are incomplete, or use longer periods.",
        )
    return panel, outcomes, exposure


def _unit_weights(panel: pd.DataFrame, weights: str | None, design: pd.DataFrame) -> Array:
    """Return each unit's weight in the order of ``design``; 1 without weights."""
    if weights is None:
        return np.ones(len(design))
    refuse_changing_weights(panel, weights, _WHERE)
    by_unit = panel.drop_duplicates("unit").set_index("unit")[weights]
    return by_unit.loc[design.index].to_numpy(float)


def _arms(design: pd.DataFrame) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], int]:
    """Return places of treated and controls and the number of periods before the start."""
    exposure = design.to_numpy(float)
    ever = exposure.max(axis=1) == 1
    treated, controls = np.flatnonzero(ever), np.flatnonzero(~ever)
    history = exposure[treated[0]]
    if (exposure[treated] != history).any():
        raise DesignError(
            "Treated units start at different times.",
            where=_WHERE,
            remedy="Take one adoption cohort at a time.",
        )
    n_before = int((history == 0).sum())
    if n_before < 2 or history[:n_before].any():
        raise DesignError(
            "Exposure must last once it began, after at least two periods.",
            where=_WHERE,
            remedy="Bring in earlier periods; leave out periods after exposure ended.",
        )
    if len(controls) < len(treated) + 2:
        raise DesignError(
            f"{len(controls)} controls cannot stand in for {len(treated)} treated units as "
            "placebos.",
            where=_WHERE,
            remedy="Bring in at least two more controls than there are treated units.",
        )
    return treated, controls, n_before
