"""Few treated units of unequal size, and adoption dates reassigned.

Reassigning treatment over units takes their changes to be equally variable; a small unit's are
not. Ferman & Pinto (2019, Rev Econ Stat 101:452) learn from the controls how a change's variance
falls with size (a part that does not, and one in proportion to 1/size), bring every control's
change to the treated units' variance, and draw from them; Conley & Taber (2011, Rev Econ Stat
93:113) is the case of equal sizes. With staggered adoption the dates themselves can be reassigned
over the units (Athey & Imbens 2022, J Econom 226:62).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import nnls

from equieval.errors import DesignError, one_of
from equieval.methods.adoption import ControlGroup, adoption_panel, refuse_adoption
from equieval.methods.arguments import require_whole
from equieval.methods.contrasts import Contrast, t_quantile
from equieval.methods.inference import UNITS_FOR_REASSIGNMENT, Reassignment
from equieval.methods.panel import exposure_panel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SizeCorrected:
    """An effect on few treated units with an interval learnt from controls of unequal size.

    ``variances`` has ``unit, size, std_error``: how far each unit's change strays by chance, as
    fitted; ``constant`` and ``by_size`` are its parts (variance = constant + by_size / size).
    """

    effect: Contrast
    constant: float
    by_size: float
    variances: pd.DataFrame
    n_controls: int
    n_treated_units: int
    draws: int


def ferman_pinto(
    data: pd.DataFrame,
    *,
    outcome: str,
    size: str,
    exposed: str = "exposed",
    unit: str = "unit",
    period: str = "period",
    draws: int = 9_999,
    seed: int = 1,
    ci_level: float = 0.95,
) -> SizeCorrected:
    """Return the effect with Ferman and Pinto's interval and p value (at least 1/(controls + 1)).

    For a balanced panel in which all treated units start together; the estimate is the mean
    change of the treated less that of the controls. ``size`` (births) is averaged over the
    unit's periods. Raises ``DesignError`` for an unbalanced panel, several starts, a size that
    is missing or not positive, and under 20 controls.
    """
    where = "Ferman–Pinto correction"
    panel, _ = exposure_panel(
        data, outcome=outcome, exposed=exposed, unit=unit, period=period, extra=[size]
    )
    outcomes = panel.pivot(index="unit", columns="time", values="outcome")
    exposure = panel.pivot(index="unit", columns="time", values="exposed")
    sizes = panel.groupby("unit")[size].mean().reindex(outcomes.index).to_numpy(float)
    treated = exposure.max(axis=1).to_numpy() == 1
    histories = exposure[treated].drop_duplicates()
    if outcomes.isna().any(axis=None) or len(histories) > 1:
        raise DesignError(
            "Some units miss some periods, or treated units start at different times.",
            where=where,
            remedy="Keep complete units and periods, and one adoption cohort.",
        )
    if not (sizes > 0).all():
        raise DesignError(
            "A unit's size is 0 or negative.",
            where=where,
            remedy="Give the denominator (births) of every unit.",
        )
    n_treated, n_controls = int(treated.sum()), int((~treated).sum())
    if n_controls < UNITS_FOR_REASSIGNMENT:
        raise DesignError(
            f"{n_controls} controls are too few to learn how changes vary.",
            where=where,
            remedy=f"Bring in at least {UNITS_FOR_REASSIGNMENT} controls.",
        )
    after = histories.to_numpy()[0] == 1
    values = outcomes.to_numpy(float)
    change = values[:, after].mean(axis=1) - values[:, ~after].mean(axis=1)
    estimate = float(change[treated].mean() - change[~treated].mean())
    residual = change[~treated] - change[~treated].mean()
    # A residual holds (n − 1)/n of its own variance.
    squares = residual**2 * n_controls / (n_controls - 1)
    constant, by_size = _variance_by_size(squares, sizes[~treated])
    deviation = np.sqrt(constant + by_size / sizes)
    if not (deviation > 0).all():
        raise DesignError(
            "The controls' changes do not vary: there is nothing to judge the effect by.",
            where=where,
            remedy="Check that the outcome is observed in every control.",
        )
    pool = residual * math.sqrt(n_controls / (n_controls - 1)) / deviation[~treated]
    rng = np.random.default_rng(seed)
    for_treated = rng.choice(pool, size=(draws, n_treated)) @ deviation[treated] / n_treated
    for_controls = rng.choice(pool, size=(draws, n_controls)) @ deviation[~treated] / n_controls
    noise = for_treated - for_controls
    t_quantile(math.inf, ci_level)  # refuses a confidence level outside (0, 1)
    # The true assignment counts among those that it is compared with, as in any reassignment:
    # a share 1/(n + 1) of the error probability is spent before the controls are asked.
    share = (1 - ci_level) * (n_controls + 1) / n_controls - 1 / n_controls
    half = float(np.quantile(np.abs(noise), 1 - share)) if share > 0 else math.inf
    tolerance = 1e-9 * max(abs(estimate), np.finfo(float).tiny)
    extreme = float((np.abs(noise) >= abs(estimate) - tolerance).mean())
    return SizeCorrected(
        effect=Contrast(
            estimate=estimate,
            std_error=float(noise.std()),
            df=math.inf,
            ci_low=estimate - half,
            ci_high=estimate + half,
            p_value=(1 + n_controls * extreme) / (1 + n_controls),
            ci_level=ci_level,
        ),
        constant=constant,
        by_size=by_size,
        variances=pd.DataFrame({"unit": outcomes.index, "size": sizes, "std_error": deviation}),
        n_controls=n_controls,
        n_treated_units=n_treated,
        draws=draws,
    )


def _variance_by_size(squares: Array, sizes: Array) -> tuple[float, float]:
    """Fit squares = constant + by_size / size, neither of them negative.

    Squares vary with the square of their mean, so they are weighted by it, again and again;
    unweighted, the few large squares of small units would decide alone.
    """
    inverse = 1 / sizes
    if np.ptp(inverse) < 1e-9 * inverse.mean() or not squares.any():
        return float(squares.mean()), 0.0
    unit = float(squares.mean())
    X = np.column_stack([np.ones(len(sizes)), inverse / inverse.mean()])
    fitted = np.ones(len(sizes))
    parts = np.zeros(2)
    for _ in range(100):
        before, parts = parts, nnls(X / fitted[:, None], squares / unit / fitted)[0]
        fitted = np.maximum(X @ parts, 1e-3 * (X @ parts).mean())
        if np.abs(parts - before).max() < 1e-10:
            break
    constant, by_size = unit * parts
    return float(constant), float(by_size / inverse.mean())


#: Assignments of dates beyond which they are drawn instead of listed.
_LISTED: Final = 5_000
_WHERE: Final = "reassignment over adoption dates"


def reassign_over_dates(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    control_group: ControlGroup = "not-yet-treated",
    anticipation: int = 0,
    max_assignments: int = 1_999,
    seed: int = 1,
) -> Reassignment:
    """Reassign the adoption dates (never included) over all units and estimate each time.

    The estimate is Callaway and Sant'Anna's simple average without covariates, valid under the
    hypothesis that exposure does nothing to anybody. With ``anticipation`` changes are taken from
    before the periods in which an effect may show, and so are those who are not yet treated.
    Every assignment is used where there are at most ``max_assignments``, else that many drawn with
    ``seed``, beside the true one. Raises ``DesignError`` as ``callaway_santanna``, and where no
    period is left before a cohort's.
    """
    one_of(control_group, get_args(ControlGroup), "control_group")
    require_whole(anticipation, "anticipation")
    panel, labels, _ = adoption_panel(data, outcome, first_exposed, unit, period, (), None)
    refuse_adoption(panel, control_group, _WHERE)
    outcomes = panel.pivot(index="unit", columns="time", values="outcome")
    values, times = outcomes.to_numpy(float), outcomes.columns.to_numpy()
    true = panel.groupby("unit")["first"].first().reindex(outcomes.index).to_numpy()
    if (true[true > 0] - anticipation <= times.min()).any():
        raise DesignError(
            f"Some units have no period more than {anticipation} before their adoption.",
            where=_WHERE,
            remedy="Bring in earlier periods, or allow for less anticipation.",
        )
    names = data[unit].to_numpy()[panel.groupby("unit")["first"].idxmin()]
    dates, exhaustive = _dates(true, min(max_assignments, _LISTED), seed)
    estimates = _simple_averages(values, times, dates, control_group, anticipation)
    tolerance = 1e-9 * max(float(np.abs(estimates).max()), np.finfo(float).tiny)
    extreme = np.abs(estimates) >= abs(estimates[0]) - tolerance

    def described(row: npt.NDArray[np.int64]) -> str:
        exposed = [(name, labels[int(date)]) for name, date in zip(names, row, strict=True) if date]
        return ", ".join(f"{name} from {date}" for name, date in exposed)

    return Reassignment(
        estimate=float(estimates[0]),
        p_value=float(extreme.mean()),
        smallest_attainable_p=1 / len(estimates),
        n_assignments=len(estimates),
        exhaustive=exhaustive,
        placebos=pd.DataFrame({"units": [described(row) for row in dates], "estimate": estimates}),
    )


def _simple_averages(
    values: Array,
    times: npt.NDArray[np.int64],
    dates: npt.NDArray[np.int64],
    control: ControlGroup,
    anticipation: int,
) -> Array:
    """Return, for each assignment (row of ``dates``), the mean over cohorts and exposed periods.

    Of their 2×2 effects, cohorts weighted by size. Dates are only ever moved between units, so
    every assignment has cohorts of the same sizes.
    """
    cohorts, first_of = np.unique(dates[0]), dates[0]
    sums = {cohort: (dates == cohort).astype(float) @ values for cohort in cohorts}
    sizes = {cohort: float((first_of == cohort).sum()) for cohort in cohorts}
    total, weight = np.zeros(len(dates)), 0.0
    for cohort in cohorts[cohorts > 0]:
        base = np.flatnonzero(times < cohort - anticipation)[-1]
        change = sums[cohort] - sums[cohort][:, [base]]
        for place in np.flatnonzero(times >= cohort):
            unexposed = [
                other
                for other in cohorts
                if other == 0
                or (control == "not-yet-treated" and other > times[place] + anticipation)
            ]
            if not unexposed:
                continue
            others = sum(sums[other][:, place] - sums[other][:, base] for other in unexposed)
            share = sizes[cohort] / sum(sizes[other] for other in unexposed)
            total += change[:, place] - share * others
            weight += sizes[cohort]
    return np.asarray(total / weight)


def _dates(
    true: npt.NDArray[np.int64], limit: int, seed: int
) -> tuple[npt.NDArray[np.int64], bool]:
    """Return assignments of the dates to units (rows), the true one first."""
    counts = np.unique(true, return_counts=True)[1]
    possible = math.factorial(len(true))
    for count in counts:
        possible //= math.factorial(int(count))
    if possible <= limit:
        rows = [true, *(row for row in _arrangements(true) if not np.array_equal(row, true))]
        return np.array(rows, dtype=np.int64), True
    rng = np.random.default_rng(seed)
    return np.vstack([true, *(rng.permutation(true) for _ in range(limit - 1))]), False


def _arrangements(values: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return every different order of ``values``."""
    if len(values) == 1:
        return [values]
    found = []
    for first in np.unique(values):
        rest = np.delete(values, np.flatnonzero(values == first)[0])
        found += [np.concatenate([[first], row]) for row in _arrangements(rest)]
    return found
