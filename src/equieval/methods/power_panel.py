"""What effect could a comparison of units find? Answered from the user's own pre-period panel.

The pre-period, freed of unit and period effects (and of what covariates explain of each period),
gives the noise: by unit its variance and one autocorrelation, or blocks of periods drawn again
with all units together (``equieval.methods.panel_noise``). It is laid over the planned panel, and
each panel drawn so is judged by the analysis that the real one will get, handed in: its estimator,
weights, covariates and interval. Trends are taken to be parallel, and the effect the same
everywhere. A measure of inequality within each unit is an outcome like any other. For one series
see ``equieval.methods.power``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError, one_of
from equieval.methods.arguments import require_whole
from equieval.methods.contrasts import Contrast
from equieval.methods.panel import (
    numeric,
    require_columns,
    require_one_row_per_unit_and_period,
    time_numbers,
)
from equieval.methods.panel_noise import autoregressive_panels, block_panels, panel_noise
from equieval.methods.power import power_curve, refuse_power, smallest_found

Array = npt.NDArray[np.float64]
Noise = Literal["autoregressive", "blocks"]
Judge = Callable[[pd.DataFrame], Contrast]

FEWEST_BEFORE: Final = 6
_WHERE: Final = "power of a comparison of units"


@dataclass(frozen=True, eq=False)
class PanelDetectableEffect:
    """The smallest effect found with the power asked for, and the curve behind it.

    ``effect`` is in the outcome's unit, on average as the analysis averages, in either direction;
    infinite where no effect would be found often enough. ``phi`` and ``sigma`` are the noise's
    autocorrelation and mean standard deviation. ``curve`` has ``effect, power,
    monte_carlo_error``.
    """

    effect: float
    power: float
    noise: Noise
    phi: float
    sigma: float
    n_units: int
    periods_before: int
    replications: int
    curve: pd.DataFrame


def detectable_effect_panel(
    before: pd.DataFrame,
    planned: pd.DataFrame,
    judge: Judge,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    noise: Noise = "autoregressive",
    power: float = 0.8,
    replications: int = 500,
    seed: int = 1,
) -> PanelDetectableEffect:
    """Return the smallest effect that the planned comparison would find.

    Parameters
    ----------
    before : one row per unit and period before any unit is exposed, complete.
    planned : one row per unit and period of the panel that will be analysed, with all that the
        analysis needs but ``outcome``. Noise runs on through periods that have no row.
    judge : the analysis: from ``planned`` with a drawn ``outcome`` to the effect and its interval,
        which must move with the effect, as those of all linear estimators and of tests turned into
        intervals do. Each panel is drawn with its mirror image, whose interval is the mirror
        image: one analysis tells both what a rise needs to be found and what a fall does.
    covariates : columns of ``planned``, one value per unit, that the analysis adjusts for.
    noise : "autoregressive", or "blocks" for estimators that live on what units share.
    replications : drawn panels, mirror images among them.

    Raises ``DesignError`` for gaps in the panel, under 6 periods, units that are not in both
    panels, an outcome that is text, and designs in which no effect could be found; what ``judge``
    raises passes through.
    """
    one_of(noise, get_args(Noise), "noise")
    require_whole(replications, "replications", least=1)
    refuse_power(power)
    values, names = _values(before, outcome, unit, period)
    places, levels = _planned(planned, names, unit, period, covariates)
    residuals, phi, deviation = panel_noise(values, levels)
    length = int(places[1].max()) + 1
    rng, half = np.random.default_rng(seed), math.ceil(replications / 2)
    drawn = (
        autoregressive_panels(rng, phi, deviation, length, half)
        if noise == "autoregressive"
        else block_panels(rng, residuals, length, half)
    )
    found = [judge(planned.assign(**{outcome: panel[places]})) for panel in drawn]
    needed = np.array([end for each in found for end in (-each.ci_low, each.ci_high)])
    needed = np.where(np.isnan(needed), math.inf, needed)
    if np.isinf(needed).all():
        raise DesignError(
            "No effect could ever be found: intervals have no end.",
            where=_WHERE,
            remedy="Plan for more units, treated or not.",
        )
    return PanelDetectableEffect(
        effect=smallest_found(needed, power),
        power=power,
        noise=noise,
        phi=phi,
        sigma=float(np.sqrt((deviation**2).mean())),
        n_units=len(names),
        periods_before=values.shape[1],
        replications=len(needed),
        curve=power_curve(needed),
    )


def _values(
    before: pd.DataFrame, outcome: str, unit: str, period: str
) -> tuple[Array, list[object]]:
    """Return outcomes as units × periods, and the units' names."""
    require_columns(before, [outcome, unit, period], _WHERE)
    require_one_row_per_unit_and_period(before, unit, period)
    values = {"_time": time_numbers(before[period]), outcome: numeric(before, outcome, _WHERE)}
    rows = before.assign(**values)
    table = rows.pivot(index=unit, columns="_time", values=outcome)
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
    return table.to_numpy(float), list(table.index)


def _planned(
    planned: pd.DataFrame,
    names: list[object],
    unit: str,
    period: str,
    covariates: Sequence[str],
) -> tuple[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]], Array]:
    """Return the place of every planned row among units and periods, and covariates by unit."""
    require_columns(planned, [unit, period, *covariates], _WHERE)
    require_one_row_per_unit_and_period(planned, unit, period)
    strangers = set(planned[unit]) ^ set(names)
    if strangers:
        raise DesignError(
            f"The unit {min(map(str, strangers))!r} is in one panel only, before or planned.",
            where=_WHERE,
            remedy="Plan for the units that there are figures of before the start.",
        )
    times = time_numbers(planned[period]).to_numpy(int)
    rows = pd.Index(names).get_indexer(pd.Index(planned[unit]))
    levels = planned.groupby(unit)[list(covariates)].first().loc[names].to_numpy(float)
    return (rows.astype(np.intp), (times - times.min()).astype(np.intp)), levels
