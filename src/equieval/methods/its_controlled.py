"""Controlled interrupted time series: one treated series beside one or several untreated ones.

Lopez Bernal, Cummins & Gasparrini (2018, Int J Epidemiol 47:2082). Two fits answer the same
question. The **difference** series (treated less the controls' weighted mean) carries whatever
the series share, shock by shock, and is the headline. The **stacked** model has all interactions
with treatment, a level and a trend of its own for every series, and AR(1) errors independent
between series; it stands beside the difference, since it holds where a control misses periods
and takes series of different size at their own precision. Equal to R's ``nlme::gls`` with
``corAR1(form = ~ t | series)`` and ``varFixed(~ 1 / size)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
import pandas as pd

from equieval.errors import DesignError, did_you_mean, one_of
from equieval.methods.arguments import numbers
from equieval.methods.contrasts import Contrast
from equieval.methods.its import SmallSample, fit_reml_ar1
from equieval.methods.its_design import SegmentedModel, difference_series
from equieval.methods.its_effects import INTERVENTION_COLUMNS, counterfactual
from equieval.methods.its_fit import ItsFit

_WHERE: Final = "controlled interrupted time series"
#: Periods put between two series, so far that nothing carries over from one to the next.
_APART: Final = 1_000_000


@dataclass(frozen=True, eq=False)
class ControlledIts:
    """Both fits of a controlled interrupted time series, with the designs their effects need.

    ``difference`` on ``difference_design`` is the headline; ``stacked`` goes with
    ``stacked_design``, the **treated** series' rows of its model (its ``observed`` is the treated
    series; ``n_obs``, ``residuals`` and ``innovations`` are of all series). In both, ``post`` and
    ``since`` are what the treated series changed beyond the controls, so the functions of
    ``its_effects`` give effects of the treatment; "``post, controls``" is what the controls did.
    ``control`` is the controls' mean by ``control_weights`` (sum 1).
    """

    difference: ItsFit
    difference_design: pd.DataFrame
    stacked: ItsFit
    stacked_design: pd.DataFrame
    treated: pd.Series
    control: pd.Series
    control_weights: pd.Series

    def pre_trend(self, ci_level: float = 0.95) -> Contrast:
        """Return the difference in slope before the start: 0 where the series ran in parallel."""
        return self.difference.coefficient("t", ci_level)

    def control_change(self, ci_level: float = 0.95) -> Contrast:
        """Return the controls' own level change at the start (the slope's, in a slope model)."""
        term = next(name for name in INTERVENTION_COLUMNS if name in self.stacked.params.index)
        return self.stacked.coefficient(_of_controls(term), ci_level)

    def counterfactual(self, ci_level: float = 0.95) -> pd.DataFrame:
        """Return the treated series against what the controls say it would have been.

        Columns ``period, observed, control, fitted, counterfactual, ci_low, ci_high, df``: the
        controls' observed mean plus the difference, fitted and without the intervention.
        """
        frame = counterfactual(self.difference, self.difference_design, ci_level)
        control = self.control.reindex(self.difference_design.index).to_numpy(float)
        moved = ["fitted", "counterfactual", "ci_low", "ci_high"]
        frame[moved] = frame[moved].add(control, axis=0)
        frame["observed"] = self.treated.reindex(self.difference_design.index).to_numpy(float)
        frame.insert(2, "control", control)
        return frame


def controlled_its(
    treated: pd.Series,
    controls: pd.Series | pd.DataFrame,
    start: pd.Period,
    *,
    model: SegmentedModel | None = None,
    sizes: Mapping[str, float] | None = None,
    small_sample: SmallSample = "satterthwaite",
) -> ControlledIts:
    """Fit the difference to the controls, and the stacked model of all series.

    Parameters
    ----------
    treated, controls : outcomes by period, over the same periods; each column of ``controls`` is
        a series. Missing values stay missing (a difference needs the treated and every control).
    start : first exposed period.
    model : impact, lag, phase-in, season, other interruptions and exclusions, the same for all
        series; by default a level and a slope change at once.
    sizes : births (or whatever the rate is per) by series, with ``treated.name`` ("treated" where
        it has none) among them: the controls' mean is weighted by size, and in the stacked model
        the variance is proportional to 1/size. Without it every series counts the same.

    Raises ``DesignError`` for series over different periods, a control without values or of the
    treated's name, an absent or non-positive size, text, a difference that is the same in every
    period, and as ``segmented`` and ``fit_reml_ar1``.
    """
    one_of(small_sample, get_args(SmallSample), "small_sample")
    frame = controls.to_frame("control") if isinstance(controls, pd.Series) else controls
    name = str(treated.name) if treated.name is not None else "treated"
    frame = frame.rename(columns=str).apply(lambda series: numbers(series, series.name, _WHERE))
    treated = numbers(treated, name, _WHERE)
    _refuse(treated, frame, name)
    design = (model or SegmentedModel()).matrix(_periods(treated), start)
    size = _sizes(sizes, [name, *frame.columns])
    weights = size[list(frame.columns)] / size[list(frame.columns)].sum()
    control = (frame * weights).sum(axis=1, skipna=False).rename("control")
    between = difference_series(treated, control)
    left = between.dropna().to_numpy(float)
    # The figures' size, not the difference's: of series that move alike only rounding is left.
    if len(left) and np.ptp(left) <= 1e-12 * float(treated.abs().max()):
        raise DesignError(
            "The treated series and its controls move exactly alike: nothing varies.",
            where=_WHERE,
            remedy="Check that a control is not a copy of the treated series, and the numerators.",
        )
    difference = fit_reml_ar1(between.reindex(design.index), design, small_sample=small_sample)
    stacked, rows = _stacked(treated, frame, design, size, name, small_sample)
    return ControlledIts(
        difference=replace(difference, estimator="REML AR(1), difference to the controls"),
        difference_design=design,
        stacked=stacked,
        stacked_design=rows,
        treated=treated,
        control=control,
        control_weights=weights,
    )


def _stacked(
    treated: pd.Series,
    controls: pd.DataFrame,
    design: pd.DataFrame,
    size: pd.Series,
    name: str,
    small_sample: SmallSample,
) -> tuple[ItsFit, pd.DataFrame]:
    """Fit all series at once; return the fit and the treated series' rows of its design."""
    terms = [term for term in design.columns if term not in ("intercept", "t")]
    shared = design[terms].rename(columns=_of_controls)
    blocks = [design.join(shared)]
    for control in controls.columns:
        own = design[["intercept", "t"]].add_suffix(f" {control}")
        blocks.append(shared.join(own))
    names = [name, *controls.columns]
    X = pd.concat(blocks, keys=names, names=["series", "period"]).fillna(0.0)
    rows = blocks[0].reindex(columns=X.columns, fill_value=0.0)
    y = pd.concat(
        [series.reindex(design.index) for series in (treated, *(c for _, c in controls.items()))],
        keys=names,
        names=["series", "period"],
    )
    # One long series whose parts lie so far from each other that they are independent.
    times = pd.PeriodIndex(design.index).asi8
    place = np.add.outer(_APART * np.arange(len(names)), times).ravel()
    index = pd.Index(place.tolist(), dtype="int64")
    root = pd.Series(np.sqrt(np.repeat(size.to_numpy(float), len(design))), index)
    numbered_y, numbered_X = y.set_axis(index), X.set_axis(index)
    fit = fit_reml_ar1(numbered_y * root, numbered_X.mul(root, axis=0), small_sample=small_sample)
    used = index.isin(fit.design.index)
    label = y.index[used]
    root_used = root[used].to_numpy(float)
    return (
        replace(
            fit,
            estimator="REML AR(1), all series stacked",
            design=X[used],
            observed=treated.reindex(design.index).dropna(),
            residuals=pd.Series(fit.residuals.to_numpy(float) / root_used, label),
            innovations=fit.innovations.set_axis(label),
            log_likelihood=fit.log_likelihood + float(np.log(root_used).sum()),
        ),
        rows,
    )


def _of_controls(term: str) -> str:
    return f"{term}, controls"


def _periods(series: pd.Series) -> pd.PeriodIndex:
    if not isinstance(series.index, pd.PeriodIndex):
        raise DesignError(
            "The series is not indexed by periods.",
            where=_WHERE,
            remedy="Index it by pandas periods.",
        )
    return series.index


def _sizes(sizes: Mapping[str, float] | None, names: list[str]) -> pd.Series:
    """Return sizes relative to their mean, one per series."""
    if sizes is None:
        return pd.Series(1.0, index=names)
    given = {str(key): float(value) for key, value in sizes.items()}
    for name in names:
        if name not in given:
            raise DesignError(
                f"The series {name!r} has no size.",
                where=_WHERE,
                remedy=did_you_mean(name, given) if given else "Give one size per series.",
            )
        if not (math.isfinite(given[name]) and given[name] > 0):
            raise DesignError(
                f"The size of {name!r} is {given[name]:g}.",
                where=_WHERE,
                remedy="Give the mean denominator (births) of every series, or leave sizes out.",
            )
    found = pd.Series({name: given[name] for name in names})
    return found / found.mean()


def _refuse(treated: pd.Series, controls: pd.DataFrame, name: str) -> None:
    if controls.shape[1] == 0:
        raise DesignError(
            "No controls are left.",
            where=_WHERE,
            remedy="Name at least one untreated series, or use an interrupted time series.",
        )
    if not treated.index.equals(controls.index):
        raise DesignError(
            "The treated and the control series run over different periods.",
            where=_WHERE,
            remedy="Give all for the same periods; missing values are allowed.",
        )
    twice = [name, *controls.columns]
    for label in twice:
        if twice.count(label) > 1:
            raise DesignError(
                f"Two series are called {label!r}.",
                where=_WHERE,
                remedy="Name every series once; a treated series is no control.",
            )
    for label, series in controls.items():
        if not series.notna().any():
            raise DesignError(
                f"The control {label!r} has no values.",
                where=_WHERE,
                remedy="Leave it out.",
            )
