"""Interrupted time series of several units: two stages, and a mixed model.

Two stages (Gebski et al. 2012, Epidemiol Infect 140:2131): every unit's own REML AR(1) fit, then
the effects pooled with a variance between units (``equieval.methods.synthesis``). The mixed
model estimates all at once, with levels and effects that differ between units at random
(statsmodels' ``MixedLM``; equal to R's ``nlme::lme``). It knows no autocorrelation, so its
intervals rest on what differs between units (a sandwich by unit, t on units − 1), which with the
same periods in every unit is the spread of the units' own estimates. Both take units to be
independent: a shock that hits all of them alike needs a control series. Whether one did is
tested on what the units' own models leave over (``equieval.methods.common_shocks``).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.regression.mixed_linear_model import MixedLM

from equieval.errors import DesignError, did_you_mean, one_of
from equieval.methods.arguments import require_period
from equieval.methods.common_shocks import CommonShocks, common_shocks
from equieval.methods.its import SmallSample, fit_reml_ar1
from equieval.methods.its_design import SegmentedModel
from equieval.methods.its_fit import ItsFit
from equieval.methods.panel import (
    numeric,
    refuse_no_spread,
    require_columns,
    require_one_row_per_unit_and_period,
)
from equieval.methods.sensitivity import COLUMNS, Estimand, level_change
from equieval.methods.synthesis import FEWEST_STUDIES, Pooled, pool

Array = npt.NDArray[np.float64]
Starts = pd.Period | Mapping[str, pd.Period]

#: Fewer units than this do not tell how units differ.
FEWEST_UNITS: Final = 5
_WHERE: Final = "interrupted time series of several units"


@dataclass(frozen=True, eq=False)
class UnitEffects:
    """Every unit's own effect, and whether the units move together.

    ``by_unit`` has ``unit, estimate, std_error, df, ci_low, ci_high, p_value, n_obs, note``; a
    unit whose series could not be fitted has no numbers, and its reason in ``note``. ``shocks``
    tests what the units' own models leave over; pooling takes it to be independent.
    """

    by_unit: pd.DataFrame
    shocks: CommonShocks

    @property
    def fitted(self) -> pd.DataFrame:
        """The rows of the units whose series could be fitted."""
        return self.by_unit[self.by_unit["note"] == ""]


@dataclass(frozen=True, eq=False)
class TwoStageIts:
    """The pooled effect, and the units' own as in ``UnitEffects``."""

    pooled: Pooled
    by_unit: pd.DataFrame
    n_refused: int
    shocks: CommonShocks


@dataclass(frozen=True, eq=False)
class MixedIts:
    """A mixed model of all units; ``fit`` goes on to the functions of ``its_effects``.

    ``fit`` is of the typical unit: its ``observed`` is the units' mean by period, ``innovations``
    are the within-unit residuals over their deviation, and its contrasts have units − 1 degrees
    of freedom. ``design`` is the typical unit's design where all start together, else that of the
    first start. ``between`` is the covariance between units of the ``random`` terms; ``note``
    says where a variance ran to its limit of 0.
    """

    fit: ItsFit
    design: pd.DataFrame
    between: pd.DataFrame
    n_units: int
    note: str


def fit_units(
    data: pd.DataFrame,
    start: Starts,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    model: SegmentedModel | None = None,
    estimand: Estimand = level_change,
    small_sample: SmallSample = "kenward-roger",
) -> UnitEffects:
    """Fit every unit's series by itself, by REML AR(1), and take its ``estimand``.

    ``data`` has one row per unit and period (a period dtype); missing outcomes are allowed.
    ``start`` is one for all, or one by unit; ``estimand`` takes the quantity from a fit and its
    design (the level change by default). Standard errors carry the cost of estimating the
    autocorrelation unless ``small_sample`` says otherwise, since pooling takes them as known.
    Raises ``DesignError`` for a unit that repeats a period or has no start, for an outcome that is
    text, and for a start that is no period of the data.
    """
    one_of(small_sample, get_args(SmallSample), "small_sample")
    records: list[dict[str, object]] = []
    left_over: dict[str, pd.Series] = {}
    for name, y, design in _series(data, start, outcome, unit, period, model):
        try:
            fit = fit_reml_ar1(y, design, small_sample=small_sample)
            row = estimand(fit, design).as_row()
            numbers = {column: row[column] for column in COLUMNS}
            records.append({"unit": name, **numbers, "n_obs": fit.n_obs, "note": ""})
            left_over[name] = fit.innovations
        except DesignError as refusal:
            n_obs = int(y.notna().sum())
            records.append({"unit": name, "n_obs": n_obs, "note": refusal.what})
    by_unit = pd.DataFrame(records, columns=["unit", *COLUMNS, "n_obs", "note"])
    return UnitEffects(by_unit, common_shocks(pd.DataFrame(left_over)))


def two_stage_its(
    data: pd.DataFrame,
    start: Starts,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    model: SegmentedModel | None = None,
    estimand: Estimand = level_change,
    small_sample: SmallSample = "kenward-roger",
    ci_level: float = 0.95,
) -> TwoStageIts:
    """Fit every unit's series by REML AR(1) and pool its ``estimand`` by random effects.

    Arguments as for ``fit_units``. Raises ``DesignError`` as it does, and when fewer than three
    units can be fitted.
    """
    one_of(small_sample, get_args(SmallSample), "small_sample")
    found = fit_units(
        data, start, outcome=outcome, unit=unit, period=period, model=model, estimand=estimand,
        small_sample=small_sample,
    )  # fmt: skip
    return TwoStageIts(
        pool_units(found, ci_level=ci_level),
        found.by_unit,
        len(found.by_unit) - len(found.fitted),
        found.shocks,
    )


def pool_units(units: UnitEffects, *, ci_level: float = 0.95) -> Pooled:
    """Pool the units' own effects by random effects; ``DesignError`` under three of them."""
    fitted = units.fitted
    if len(fitted) < FEWEST_STUDIES:
        raise DesignError(
            f"{len(fitted)} of {len(units.by_unit)} units' series could be fitted; pooling needs "
            f"{FEWEST_STUDIES}.",
            where=_WHERE,
            remedy="Use longer series or a simpler model, or analyse the units' mean.",
        )
    return pool(fitted.set_index("unit")[["estimate", "std_error"]], ci_level=ci_level)


def mixed_its(
    data: pd.DataFrame,
    start: Starts,
    *,
    outcome: str,
    unit: str = "unit",
    period: str = "period",
    model: SegmentedModel | None = None,
    random: Sequence[str] = ("intercept", "post"),
    robust: bool = True,
) -> MixedIts:
    """Fit all units at once, with the ``random`` terms of the design differing between units.

    Arguments as for ``two_stage_its``. ``robust`` takes the covariance of the coefficients from
    the spread between units; without it, it is the model's, which is right only if residuals
    within a unit are independent. Raises ``DesignError`` under 5 units, for a random term that
    the design does not have, collinear terms, units that move exactly alike, and when the
    likelihood finds no maximum.
    """
    parts = [
        (name, y.reindex(design.index), design)
        for name, y, design in _series(data, start, outcome, unit, period, model)
    ]
    frames = [
        design.loc[y.notna()].assign(outcome=y[y.notna()], unit=name)
        for name, y, design in parts
        if y.notna().any()
    ]
    n_units = len(frames)
    if n_units < FEWEST_UNITS:
        raise DesignError(
            f"{n_units} units do not tell how units differ.",
            where=_WHERE,
            remedy=f"Show them side by side; use a mixed model from {FEWEST_UNITS} units on.",
        )
    rows = pd.concat(frames)
    names = [name for name in rows.columns if name not in ("outcome", "unit")]
    for term in random:
        if term not in names:
            raise DesignError(
                f"The design has no term {term!r} that could differ between units.",
                where=_WHERE,
                remedy=did_you_mean(term, names),
            )
    X, y = rows[names].fillna(0.0).to_numpy(float), rows["outcome"].to_numpy(float)
    if np.linalg.matrix_rank(X / np.maximum(np.abs(X).max(axis=0), 1e-300)) < X.shape[1]:
        raise DesignError(
            "The observed periods cannot tell the terms of the model from each other.",
            where=_WHERE,
            remedy="Leave terms out, or observe more periods.",
        )
    places = [names.index(term) for term in random]
    codes = np.unique(rows["unit"].astype(str), return_inverse=True)[1]
    beta, between, sigma2, log_likelihood = _maximum(y, X, places, codes)
    bread, meat = _pieces(y - X @ beta, X, places, codes, between, sigma2)
    cov = np.linalg.inv(bread)
    if robust:
        cov = cov @ meat @ cov * n_units / (n_units - 1)
    refuse_no_spread(math.sqrt(max(float(np.diag(cov).max()), 0.0)), rows["outcome"], _WHERE)
    note = (
        "a variance between units is at its limit of 0: they differ no more than chance alone "
        "would have it"
        if _at_limit(between, sigma2)
        else ""
    )
    typical = parts[0][2]
    mean = rows["outcome"].groupby(level=0).mean()
    residuals = pd.Series(y - X @ beta, index=rows.index)
    within = _within(y - X @ beta, X, places, codes, between, sigma2) / math.sqrt(sigma2)
    fit = ItsFit(
        estimator="mixed model",
        inference=f"t on {n_units - 1} df (units − 1), "
        + ("sandwich by unit" if robust else "model-based standard errors"),
        params=pd.Series(beta, index=names),
        cov=pd.DataFrame(cov, index=names, columns=names),
        residual_df=float(n_units - 1),
        n_obs=len(y),
        design=rows[names],
        observed=mean,
        residuals=residuals,
        innovations=pd.Series(within, index=rows.index),
        sigma=math.sqrt(sigma2),
        log_likelihood=log_likelihood,
    )
    labels = list(random)
    return MixedIts(fit, typical, pd.DataFrame(between, labels, labels), n_units, note)


def _series(
    data: pd.DataFrame,
    start: Starts,
    outcome: str,
    unit: str,
    period: str,
    model: SegmentedModel | None,
) -> Iterator[tuple[str, pd.Series, pd.DataFrame]]:
    """Yield each unit's name, series and design, over the same periods; first starts first."""
    require_columns(data, [outcome, unit, period], _WHERE)
    require_one_row_per_unit_and_period(data, unit, period)
    if not isinstance(data[period].dtype, pd.PeriodDtype):
        raise DesignError(
            f"Periods of type {data[period].dtype} have no spacing.",
            where=_WHERE,
            remedy="Use pandas periods.",
        )
    known = data.dropna(subset=[unit, period])
    known = known.assign(**{outcome: numeric(known, outcome, _WHERE)})
    if known.empty:
        raise DesignError("There are no units.", where=_WHERE, remedy="Check the data.")
    periods = pd.period_range(known[period].min(), known[period].max())
    if not isinstance(start, Mapping):
        require_period(start, periods.freqstr, "design.start")
    found = []
    for name, rows in known.groupby(unit, observed=True):
        begins = start.get(str(name)) if isinstance(start, Mapping) else start
        if begins is None:
            raise DesignError(
                f"Unit {name} has no start.",
                where=_WHERE,
                remedy="Give a start for every unit, or leave out units that never start.",
            )
        require_period(begins, periods.freqstr, "design.start")
        found.append((begins, str(name), rows.set_index(period)[outcome]))
    found.sort(key=lambda part: (part[0].ordinal, part[1]))
    for begins, label, y in found:
        design = (model or SegmentedModel()).matrix(periods, begins)
        yield label, y[y.index.isin(design.index)], design


def _maximum(
    y: Array, X: Array, places: list[int], codes: npt.NDArray[np.intp]
) -> tuple[Array, Array, float, float]:
    """Return coefficients, covariance between units, residual variance, restricted likelihood.

    In units of the outcome's residual deviation, so that the search does not depend on them.
    Several optimisers from the same start; the highest maximum counts.
    """
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    scale = float(np.sqrt((residual**2).mean()))
    if not scale > 1e-10 * max(float(np.abs(y).max()), np.finfo(float).tiny):
        raise DesignError(
            "The model passes through every point: no variation is left to judge it by.",
            where=_WHERE,
            remedy="Check that the series are observed, not computed.",
        )
    best: Any = None
    for method in ("bfgs", "lbfgs", "powell"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found: Any = MixedLM(y / scale, X, groups=codes, exog_re=X[:, places]).fit(
                    reml=True, method=method, maxiter=500
                )
        except (np.linalg.LinAlgError, ValueError):
            continue
        if np.isfinite(found.llf) and (best is None or found.llf > best.llf + 1e-7):
            best = found
        if best is not None and best.converged:
            break
    # On the edge of the parameter space the slope is not 0, so no optimiser calls it converged.
    if best is None or not (best.converged or _at_limit(best.cov_re, float(best.scale))):
        raise DesignError(
            "The likelihood of the mixed model finds no maximum.",
            where=_WHERE,
            remedy="Let fewer terms differ between units, or pool the units' own fits.",
        )
    n_free = len(y) - X.shape[1]
    return (
        np.asarray(best.fe_params, dtype=float) * scale,
        np.asarray(best.cov_re, dtype=float) * scale**2,
        float(best.scale) * scale**2,
        float(best.llf) - n_free * math.log(scale),
    )


def _at_limit(between: Array, sigma2: float) -> bool:
    """Return whether a direction of the units' differences has (next to) no variance."""
    return bool(np.linalg.eigvalsh(np.asarray(between, dtype=float)).min() < 1e-3 * sigma2)


def _precision(Z: Array, between: Array, sigma2: float) -> Array:
    return np.asarray(np.linalg.inv(Z @ between @ Z.T + sigma2 * np.eye(len(Z))))


def _pieces(
    residual: Array,
    X: Array,
    places: list[int],
    codes: npt.NDArray[np.intp],
    between: Array,
    sigma2: float,
) -> tuple[Array, Array]:
    """Return Σ X'V⁻¹X over units, and the sum of squares of their scores."""
    bread = np.zeros((X.shape[1], X.shape[1]))
    meat = np.zeros_like(bread)
    for number in range(int(codes.max()) + 1):
        own = codes == number
        weighted = _precision(X[own][:, places], between, sigma2) @ X[own]
        bread += X[own].T @ weighted
        score = weighted.T @ residual[own]
        meat += np.outer(score, score)
    return bread, meat


def _within(
    residual: Array,
    X: Array,
    places: list[int],
    codes: npt.NDArray[np.intp],
    between: Array,
    sigma2: float,
) -> Array:
    """Return residuals less each unit's predicted departure from the typical unit."""
    left = residual.copy()
    for number in range(int(codes.max()) + 1):
        own = codes == number
        Z = X[own][:, places]
        left[own] -= Z @ between @ Z.T @ _precision(Z, between, sigma2) @ residual[own]
    return left
