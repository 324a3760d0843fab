"""Event studies of few units: effects by time since exposure, and what each cohort's luck adds.

The estimates are those of Callaway and Sant'Anna (2021, J Econom 225:200). Given who joined when,
the variance of an effect is the sum of what groups of units add (those that join together, and
those that never do), each learnt without bias from the units of that group (divisor: units − 1;
Neyman 1923). The published influence functions divide by the units, which with cohorts of four
makes errors 13 % too small.

How well such a variance is known follows from a working model, as in Bell & McCaffrey (2002,
Surv Methodol 28:169; Imbens & Kolesár 2016, Rev Econ Stat 98:701): were all units alike in how
they vary, each group would add this covariance, known with one degree of freedom fewer than it
has units (than units alike would tell as much, where they are weighted). Degrees of freedom,
joint bands and tests are taken from those parts (``equieval.methods.joint_tests``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup, adoption_panel
from equieval.methods.arms import spread_of_mean
from equieval.methods.group_time_cells import Method, refuse_choices
from equieval.methods.honest import EventStudy, GroupPart
from equieval.methods.staggered import GroupTimeEffects, callaway_santanna

Array = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

_WHERE = "event study"


def cohort_event_study(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    control_group: ControlGroup = "never-treated",
    method: Method = "dr",
    weights: str | None = None,
) -> EventStudy:
    """Return the effects by event time against the last period before exposure.

    Estimates equal those of ``callaway_santanna(...).aggregate("dynamic")``; covariance and
    degrees of freedom hold for small cohorts. With covariates the shares of the groups in the
    variance are those without, and the never treated know it with a degree of freedom fewer for
    each. Arguments and errors as there; also raises ``DesignError`` when event times have gaps.
    """
    refuse_choices(control_group, method)
    names = {"outcome": outcome, "first_exposed": first_exposed, "unit": unit, "period": period}
    fit = callaway_santanna(
        data,
        covariates=covariates,
        control_group=control_group,
        method=method,
        weights=weights,
        **names,  # type: ignore[arg-type]
    )
    panel, _, _ = adoption_panel(
        data, outcome, first_exposed, unit, period, [weights] if weights else [], None
    )
    paths = panel.pivot(index="unit", columns="time", values="outcome")
    values, times = paths.to_numpy(float), paths.columns.to_numpy()
    groups = [
        _Group.of(fit.weight_of_unit, fit.cohort_of_unit == group, int(group), len(covariates))
        for group in np.unique(fit.cohort_of_unit)
    ]
    event, estimates, influence = _by_event_time(fit)
    if (np.diff(np.insert(event, int((event < -1).sum()), -1)) != 1).any():
        raise DesignError(
            "The event times have gaps.", where=_WHERE, remedy="Use periods of even length."
        )
    loads = _loads(groups, event, times, control_group)
    apart = np.vstack([values[group.members] - group.share @ values[group.members]
                       for group in groups])  # fmt: skip
    working = apart.T @ apart / max(sum(group.left for group in groups), 1e-9)
    covariance = np.zeros((len(event), len(event)))
    parts = []
    for place, group in enumerate(groups):
        load, spread = loads[:, place, :], float(group.share @ group.share)
        parts.append(GroupPart(load @ working @ load.T * spread, load @ load.T * spread, group.df))
        if group.df > 0:
            own = influence[group.members]
            covariance += group.correction * own.T @ own
    return EventStudy(
        estimates=estimates,
        covariance=covariance,
        n_before=int((event < -1).sum()),
        parts=tuple(parts),
    )


@dataclass(frozen=True, eq=False)
class _Group:
    """Units that join together (``cohort`` 0: never), and how well they show how they vary.

    ``share``: of each in the group's mean; ``weight``: of the group among the others; ``left``:
    expected sum of squares of units of unit variance about that mean; ``correction``: what makes
    the sum of squared influences an unbiased variance of the mean, were units alike; ``df``: of
    that variance (Satterthwaite; units − 1 where each counts the same).
    """

    cohort: int
    members: Numbers
    share: Array
    weight: float
    left: float
    correction: float
    df: float

    @classmethod
    def of(
        cls, weights: Array, member: npt.NDArray[np.bool_], cohort: int, n_covariates: int
    ) -> _Group:
        own = weights[member]
        share = own / own.sum()
        correction, df = spread_of_mean(own, n_covariates if cohort == 0 else 0)
        if math.isnan(df):
            correction, df = 1.0, 0.0
        return cls(
            cohort=cohort,
            members=np.flatnonzero(member),
            share=share,
            weight=float(own.sum()),
            left=len(share) * (1 + float(share @ share)) - 2,
            correction=correction,
            df=df,
        )


def _by_event_time(fit: GroupTimeEffects) -> tuple[Numbers, Array, Array]:
    """Return event times (without −1), their effects, and what each unit contributes to them."""
    times = fit.effects["event_time"].to_numpy()
    event = np.array([time for time in np.unique(times) if time != -1], dtype=np.int64)
    sizes = {
        cohort: float(fit.weight_of_unit[fit.cohort_of_unit == cohort].sum())
        for cohort in np.unique(fit.cohort_of_effect).tolist()
    }
    weight = np.array([sizes[cohort] for cohort in fit.cohort_of_effect.tolist()])
    average = (times[:, None] == event[None, :]) * weight[:, None]
    average = average / average.sum(axis=0)
    return (
        event,
        np.asarray(fit.effects["estimate"].to_numpy(float) @ average),
        np.asarray(fit.influence @ average),
    )


def _loads(
    groups: Sequence[_Group], event: Numbers, times: Numbers, control_group: ControlGroup
) -> Array:
    """Return the effects' loads on the groups' mean paths (effects × groups × times).

    A cohort's effect in a period is its change since the last period before its exposure, less
    that of the controls; an event time averages cohorts by weight.
    """
    cohorts = np.array([group.cohort for group in groups])
    weights = np.array([group.weight for group in groups])
    place_of = {time: place for place, time in enumerate(event.tolist())}
    loads = np.zeros((len(event), len(groups), len(times)))
    total = np.zeros(len(event))
    for place, cohort in enumerate(cohorts.tolist()):
        if cohort == 0:
            continue
        base = int(np.flatnonzero(times < cohort)[-1])
        for at, time in enumerate(times.tolist()):
            controls = cohorts == 0
            if control_group == "not-yet-treated":
                controls = controls | (cohorts > max(time, int(times[base])))
            controls = controls & (cohorts != cohort)
            row = place_of.get(time - cohort)
            if row is None or not controls.any():
                continue
            share = np.where(controls, weights, 0.0) / weights[controls].sum()
            share[place] -= 1.0
            loads[row, :, at] -= weights[place] * share
            loads[row, :, base] += weights[place] * share
            total[row] += weights[place]
    return loads / np.maximum(total, 1e-300)[:, None, None]
