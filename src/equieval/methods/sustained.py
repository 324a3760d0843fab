"""Did the effect last? Effects at several horizons, and how much of the early one is left.

Effects at 12, 24 and 36 months are shown, and each is tested as not inferior to the early effect
by a margin fixed beforehand (Piaggio et al. 2012, JAMA 308:2594): it is *retained* when the
whole interval of "later less the retained share of early" lies on the good side. Both effects
come from one model, so their covariance is in the test. Without a clear early effect there is
nothing to retain, and the verdict says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from equieval.errors import DesignError, one_of
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.honest import EventStudy
from equieval.methods.its_effects import INTERVENTION_COLUMNS
from equieval.methods.its_fit import ItsFit

Array = npt.NDArray[np.float64]
Polarity = Literal["low", "high"]
Verdict = Literal["retained", "not retained", "these data cannot say", "no clear early effect"]

_WHERE: Final = "sustained effect"
_COLUMNS: Final = [
    "horizon",
    "estimate",
    "std_error",
    "df",
    "ci_low",
    "ci_high",
    "margin_estimate",
    "margin_low",
    "margin_high",
    "margin_p_value",
    "verdict",
]


def sustained_its(
    fit: ItsFit,
    X: pd.DataFrame,
    early: object,
    horizons: Mapping[str, object],
    *,
    retention: float,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
    intervention: Sequence[str] = INTERVENTION_COLUMNS,
) -> pd.DataFrame:
    """Return the effects of an interrupted time series at ``early`` and at each horizon.

    ``early`` and the values of ``horizons`` are periods of ``X``; ``retention`` is the share of
    the early effect that must be left (0.5: half). Columns ``horizon, estimate, std_error, df,
    ci_low, ci_high`` (log-link models: logarithms of rate ratios), then ``margin_estimate,
    margin_low, margin_high`` of later less retained early effect, turned so that positive is
    good, the one-sided ``margin_p_value`` against "not retained", and ``verdict`` (the first row,
    ``early``, has none of these). Each contrast has its own degrees of freedom. Raises
    ``DesignError`` for a period that is absent or not exposed, a later one that is not after
    ``early``, and a share outside (0, 1]; ``InputError`` for an unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    terms = [name for name in intervention if name in fit.params.index]

    def gradient(period: object) -> Array:
        if period not in X.index:
            raise DesignError(
                f"The series has no period {period}.",
                where=_WHERE,
                remedy=f"Choose a period from {X.index.min()} to {X.index.max()}.",
            )
        row = X.loc[[period], list(fit.params.index)]
        return np.asarray((row - row.assign(**dict.fromkeys(terms, 0.0))).to_numpy(float)[0])

    first = gradient(early)
    rows = {name: gradient(period) for name, period in horizons.items()}
    for name, period in horizons.items():
        if not period > early:  # type: ignore[operator]
            raise _not_later(name)

    def contrast(weights: Array) -> Contrast:
        return fit.contrast(pd.Series(weights, index=fit.params.index), ci_level)

    return _judged(first, rows, contrast, retention, polarity)


def sustained_event_study(
    study: EventStudy,
    early: Sequence[int],
    horizons: Mapping[str, Sequence[int]],
    *,
    retention: float,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Return what ``sustained_its`` does, from an event study of an outcome or of the gap.

    ``early`` and the values of ``horizons`` are event times from exposure (0) on, averaged.
    Intervals on the study's degrees of freedom. Raises ``DesignError`` for an event time that is
    absent, a horizon that is not after ``early``, and a share outside (0, 1]; ``InputError`` for an
    unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")

    def gradient(times: Sequence[int]) -> Array:
        if not times or not all(0 <= time < study.n_after for time in times):
            raise DesignError(
                f"The event study has no effects at {list(times)}.",
                where=_WHERE,
                remedy=f"Choose event times from 0 to {study.n_after - 1}.",
            )
        weights = np.zeros(len(study.estimates))
        weights[[study.n_before + time for time in times]] = 1 / len(times)
        return weights

    first = gradient(early)
    rows = {name: gradient(times) for name, times in horizons.items()}
    for name, times in horizons.items():
        if min(times) <= max(early):
            raise _not_later(name)

    def contrast(weights: Array) -> Contrast:
        variance = float(weights @ study.covariance @ weights)
        return t_contrast(
            float(weights @ study.estimates),
            math.sqrt(max(variance, 0.0)),
            study.df(weights),
            ci_level=ci_level,
        )

    return _judged(first, rows, contrast, retention, polarity)


def _judged(
    early: Array,
    horizons: Mapping[str, Array],
    contrast: Callable[[Array], Contrast],
    retention: float,
    polarity: Polarity,
) -> pd.DataFrame:
    if not 0 < retention <= 1:
        raise DesignError(
            f"A retained share of {retention} is not between 0 and 1.",
            where=_WHERE,
            remedy="Write 0.5 to ask that half of the early effect be left.",
        )
    good = -1.0 if polarity == "low" else 1.0
    first = contrast(early)
    worst_case = min(good * first.ci_low, good * first.ci_high)
    nothing = (math.nan, math.nan, math.nan, math.nan, "")
    records: list[tuple[object, ...]] = [("early", *_fields(first), *nothing)]
    for name, row in horizons.items():
        margin = contrast(good * (row - retention * early))
        verdict: Verdict
        if worst_case <= 0:
            verdict = "no clear early effect"
        elif margin.ci_low > 0:
            verdict = "retained"
        else:
            verdict = "not retained" if margin.ci_high < 0 else "these data cannot say"
        p_value = float(stats.t.sf(margin.estimate / margin.std_error, margin.df))
        ends = (margin.estimate, margin.ci_low, margin.ci_high, p_value, verdict)
        records.append((name, *_fields(contrast(row)), *ends))
    return pd.DataFrame(records, columns=_COLUMNS)


def _fields(found: Contrast) -> tuple[float, float, float, float, float]:
    return found.estimate, found.std_error, found.df, found.ci_low, found.ci_high


def _not_later(name: str) -> DesignError:
    return DesignError(
        f"The horizon {name!r} is not after the early effect.",
        where=_WHERE,
        remedy="Choose horizons later than the early effect they are held against.",
    )
