"""Does the answer hang on one period or one choice? The same contrast, with one thing changed.

Each function refits a level-and-slope series under a list of variants and returns them side by
side, in one tidy frame: ``variant, estimate, std_error, df, ci_low, ci_high, p_value, n_obs,
note``. A variant that its points cannot carry stays in the frame, without numbers, with the
reason in ``note``; it is never dropped in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.its import ItsFit, fit_reml_ar1, level_and_slope

#: Fits a series on a design; ``fit_reml_ar1``, ``fit_ols`` and ``fit_newey_west`` are such.
Fitter = Callable[[pd.Series, pd.DataFrame], ItsFit]
#: Takes the quantity of interest from a fit and the design it was fitted on.
Estimand = Callable[[ItsFit, pd.DataFrame], Contrast]
#: A name, the series, and its design (or why there is none).
Variant = tuple[str, pd.Series, pd.DataFrame | DesignError]

COLUMNS = ("estimate", "std_error", "df", "ci_low", "ci_high", "p_value")


def level_change(fit: ItsFit, _design: pd.DataFrame) -> Contrast:
    """Return the level change at the start, the usual estimand of these functions."""
    return fit.coefficient("post")


def leave_one_out(
    y: pd.Series,
    start: pd.Period,
    *,
    fitter: Fitter = fit_reml_ar1,
    estimand: Estimand = level_change,
) -> pd.DataFrame:
    """Refit without each period in turn; ``variant`` is the period left out."""
    design = level_and_slope(_periods(y), start)
    variants = ((str(period), y.drop(period), design.drop(period)) for period in y.dropna().index)
    return _frame(variants, fitter, estimand)


def leave_out(
    y: pd.Series,
    start: pd.Period,
    groups: Iterable[Sequence[pd.Period]],
    *,
    fitter: Fitter = fit_reml_ar1,
    estimand: Estimand = level_change,
) -> pd.DataFrame:
    """Refit without each group of periods; ``variant`` names the group."""
    design = level_and_slope(_periods(y), start)
    variants = (
        (", ".join(map(str, group)), y.drop(list(group)), design.drop(list(group)))
        for group in groups
    )
    return _frame(variants, fitter, estimand)


def alternative_starts(
    y: pd.Series,
    starts: Iterable[pd.Period],
    *,
    fitter: Fitter = fit_reml_ar1,
    estimand: Estimand = level_change,
) -> pd.DataFrame:
    """Refit as if the change had come at each of ``starts``; ``variant`` is the start."""
    return _frame(_started(y, starts), fitter, estimand)


def placebo_starts(
    y: pd.Series,
    start: pd.Period,
    placebos: Iterable[pd.Period],
    *,
    fitter: Fitter = fit_reml_ar1,
    estimand: Estimand = level_change,
) -> pd.DataFrame:
    """Refit the periods before ``start`` with a start that never was; no effect can be there.

    Raises ``DesignError`` for a placebo that is not before ``start``.
    """
    placebos = list(placebos)
    for placebo in placebos:
        if placebo >= start:
            raise DesignError(
                f"The placebo start {placebo} is not before the start {start}.",
                where="robustness.placebo_starts",
                remedy="Choose placebo starts among the periods before the intervention.",
            )
    before = y[_periods(y) < start]
    return _frame(_started(before, placebos), fitter, estimand)


def _started(y: pd.Series, starts: Iterable[pd.Period]) -> Iterator[Variant]:
    for start in starts:
        try:
            yield str(start), y, level_and_slope(_periods(y), start)
        except DesignError as refusal:
            yield str(start), y, refusal


def _frame(variants: Iterable[Variant], fitter: Fitter, estimand: Estimand) -> pd.DataFrame:
    records: list[dict[str, object]] = []
    for name, y, design in variants:
        try:
            if isinstance(design, DesignError):
                raise design
            fit = fitter(y, design)
            row = estimand(fit, design).as_row()
            found = {column: row[column] for column in COLUMNS}
            records.append({"variant": name, **found, "n_obs": fit.n_obs, "note": ""})
        except DesignError as refusal:
            n_obs = int(y.notna().sum())
            records.append({"variant": name, "n_obs": n_obs, "note": refusal.what})
    return pd.DataFrame(records, columns=["variant", *COLUMNS, "n_obs", "note"])


def _periods(y: pd.Series) -> pd.PeriodIndex:
    if not isinstance(y.index, pd.PeriodIndex):
        raise DesignError(
            "The series is not indexed by periods.",
            where="sensitivity of an interrupted time series",
            remedy="Index it by pandas periods.",
        )
    return y.index
