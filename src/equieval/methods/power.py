"""What effect could an interrupted time series find? Answered from its own pre-period.

The pre-period gives level, trend, variance and autocorrelation; series of the planned length are
drawn from them and analysed as the real one will be (REML AR(1)). The estimate of an effect is
the effect put in plus an error that does not depend on it, so one set of draws answers for every
size of effect.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError, one_of
from equieval.methods import reml
from equieval.methods.arguments import require_whole
from equieval.methods.contrasts import t_quantile
from equieval.methods.its import INTERVENTION_COLUMNS, SmallSample, fit_reml_ar1
from equieval.methods.its_design import SegmentedModel
from equieval.methods.its_effects import effect_weights

Array = npt.NDArray[np.float64]

FEWEST_BEFORE: Final = 6
_WHERE: Final = "power of an interrupted time series"


@dataclass(frozen=True, eq=False)
class DetectableEffect:
    """The smallest effect found with the power asked for, and the curve behind it.

    ``effect`` is in the outcome's unit and holds in either direction; it is infinite where even
    a huge effect would not be found often enough, because too many series are refused (share
    ``refused``). ``curve`` has ``effect, power, monte_carlo_error``.
    """

    effect: float
    power: float
    horizon: int
    phi: float
    sigma: float
    replications: int
    refused: float
    curve: pd.DataFrame


def detectable_effect(
    before: pd.Series,
    *,
    periods_after: int,
    horizon: int = 0,
    model: SegmentedModel | None = None,
    small_sample: SmallSample = "kenward-roger",
    power: float = 0.8,
    ci_level: float = 0.95,
    replications: int = 1_000,
    seed: int = 1,
) -> DetectableEffect:
    """Return the smallest effect, ``horizon`` periods after the start, that would be found.

    ``before`` is the outcome (or a yearly inequality index) by period before the start, missing
    periods and all; ``periods_after`` are those planned. ``horizon = 0`` is the level change.
    ``model`` and ``small_sample`` are how the real series will be analysed: level and slope, and
    Kenward–Roger, unless told otherwise. Whether a series of this design can carry the effect at
    all is not asked here: see ``its_effects.planned_effect_df``.
    Uncertainty about the pre-period's own variance and autocorrelation is not in the answer.
    Raises ``DesignError`` for a pre-period too short to be judged, a plan too short for the
    model, a horizon outside it or without an effect in the model, and an autocorrelation at its
    limit.
    """
    one_of(small_sample, get_args(SmallSample), "small_sample")
    require_whole(replications, "replications", least=1)
    known = before.dropna()
    if len(known) < FEWEST_BEFORE or not isinstance(before.index, pd.PeriodIndex):
        raise DesignError(
            f"{len(known)} periods before the start are too few to judge power by.",
            where=_WHERE,
            remedy=f"Give at least {FEWEST_BEFORE} periods, indexed by pandas periods.",
        )
    if not 0 <= horizon < periods_after:
        raise DesignError(
            f"A horizon of {horizon} lies outside the {periods_after} periods planned.",
            where=_WHERE,
            remedy=f"Choose a horizon from 0 to {periods_after - 1}.",
        )
    refuse_power(power)
    planned = pd.period_range(
        before.index.min(), before.index.max() + periods_after, freq=before.index.freq
    )
    start = before.index.max() + 1
    design = (model or SegmentedModel()).matrix(planned, start)
    design = design[design.index.isin(known.index) | (design.index >= start)]
    weights = effect_weights(design, start + horizon)
    earlier = design[design.index < start]
    impact = earlier.columns.isin(INTERVENTION_COLUMNS)
    counterfactual = earlier.loc[:, (earlier != 0).any() & ~impact]
    noise = fit_reml_ar1(known, counterfactual)
    series = _drawn(planned, noise.phi, noise.sigma, replications, seed)
    error, half_width = _judged(
        series[:, planned.isin(design.index)], design, weights, ci_level, small_sample
    )
    # An effect d is found in its own direction when error + d > half width.
    needed = half_width - error
    return DetectableEffect(
        effect=smallest_found(needed, power),
        power=power,
        horizon=horizon,
        phi=noise.phi,
        sigma=noise.sigma,
        replications=replications,
        refused=float(np.isinf(needed).mean()),
        curve=power_curve(needed),
    )


def refuse_power(power: float) -> None:
    """Raise ``DesignError`` for a power outside (0, 1)."""
    if not 0 < power < 1:
        raise DesignError(
            f"Power lies between 0 and 1, not {power}.",
            where="power",
            remedy="Write 0.8 for 80%.",
        )


def smallest_found(needed: Array, power: float) -> float:
    """Return the effect found with ``power``, given the effect that each drawing needs."""
    return max(float(np.sort(needed)[math.ceil(power * len(needed)) - 1]), 0.0)


def power_curve(needed: Array) -> pd.DataFrame:
    """Return ``effect, power, monte_carlo_error`` from none to an effect found (nearly) always."""
    finite = needed[np.isfinite(needed)]
    largest = max(float(np.quantile(finite, 0.99)), 0.0) if len(finite) else 0.0
    sizes = np.linspace(0, largest, 25)
    found = np.searchsorted(np.sort(needed), sizes) / len(needed)
    error = np.sqrt(found * (1 - found) / len(needed))
    return pd.DataFrame({"effect": sizes, "power": found, "monte_carlo_error": error})


def _drawn(
    planned: pd.PeriodIndex, phi: float, sigma: float, replications: int, seed: int
) -> Array:
    """Return series of noise over all planned periods, those that are left out among them."""
    innovations = np.random.default_rng(seed).standard_normal((replications, len(planned)))
    series = np.empty_like(innovations)
    series[:, 0] = innovations[:, 0]
    for step in range(1, len(planned)):
        series[:, step] = phi * series[:, step - 1] + math.sqrt(1 - phi**2) * innovations[:, step]
    return sigma * series


def _judged(
    series: Array,
    design: pd.DataFrame,
    weights: Array,
    ci_level: float,
    small_sample: SmallSample,
) -> tuple[Array, Array]:
    """Return error and half width of the effect's interval, series by series.

    A series that the estimator refuses finds nothing: its half width is infinite.
    """
    X, times = design.to_numpy(float), design["t"].to_numpy(float)
    error, half_width = np.zeros(len(series)), np.full(len(series), np.inf)
    for number, row in enumerate(series):
        try:
            fit = reml.fit(row, X, times)
        except DesignError:
            if len(row) - X.shape[1] < 3:
                raise
            continue
        df = fit.satterthwaite_df(weights)
        cov = fit.kenward_roger_cov if small_sample == "kenward-roger" else fit.cov
        error[number] = weights @ fit.coefficients
        std_error = math.sqrt(float(weights @ cov @ weights))
        half_width[number] = t_quantile(df, ci_level) * std_error
    return error, half_width
