"""Event studies of few units: effects by time since exposure, and what each cohort's luck adds.

Without covariates every effect of Callaway and Sant'Anna (2021, J Econom 225:200) is a fixed
linear combination of the mean paths of groups of units: those that join together, and those that
never do. Given who joined when, its variance is the sum of the groups' own, each learnt without
bias from the units of that group (divisor: units − 1; Neyman 1923). The published influence
functions divide by the units, which with cohorts of four makes errors 13 % too small.

How well such a variance is known follows from a working model, as in Bell & McCaffrey (2002,
Surv Methodol 28:169; Imbens & Kolesár 2016, Rev Econ Stat 98:701): were all units alike in how
they vary, each group would add this covariance, known with one degree of freedom fewer than it
has units. Degrees of freedom, joint bands and tests are taken from those parts
(``equieval.methods.honest.EventStudy``, ``equieval.methods.joint_tests``).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup, adoption_panel, refuse_adoption
from equieval.methods.honest import EventStudy, GroupPart

Array = npt.NDArray[np.float64]

_WHERE = "event study"


def cohort_event_study(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    control_group: ControlGroup = "never-treated",
) -> EventStudy:
    """Return the effects by event time against the last period before exposure.

    Estimates equal those of ``callaway_santanna(...).aggregate("dynamic")`` without covariates;
    covariance and degrees of freedom hold for small cohorts. Arguments and errors as there; also
    raises ``DesignError`` when event times have gaps, and where no unit varies at all.
    """
    panel, _, _ = adoption_panel(data, outcome, first_exposed, unit, period, (), None)
    refuse_adoption(panel, control_group, _WHERE)
    paths = panel.pivot(index="unit", columns="time", values="outcome")
    times = paths.columns.to_numpy()
    first = panel.groupby("unit")["first"].first().reindex(paths.index).to_numpy()
    values = paths.to_numpy(float)
    groups = np.unique(first)
    sizes = np.array([(first == group).sum() for group in groups])
    event, loads = _loads(groups, sizes, times, control_group)
    if (np.diff(np.insert(event, int((event < -1).sum()), -1)) != 1).any():
        raise DesignError(
            "The event times have gaps.", where=_WHERE, remedy="Use periods of even length."
        )
    means = np.array([values[first == group].mean(axis=0) for group in groups])
    apart = values - means[np.searchsorted(groups, first)]
    if not (apart**2).sum() > 1e-18 * float(values.var()):
        raise DesignError(
            "Units of a cohort do not differ at all: there is nothing to learn an error from.",
            where=_WHERE,
            remedy="Check the outcome for values that were copied over units.",
        )
    working = apart.T @ apart / max(len(values) - len(groups), 1)
    covariance = np.zeros((len(event), len(event)))
    parts = []
    for place, (group, size) in enumerate(zip(groups, sizes.tolist(), strict=True)):
        load = loads[:, place, :]
        parts.append(GroupPart(load @ working @ load.T / size, load @ load.T / size, size - 1))
        if size > 1:
            own = apart[first == group] @ load.T
            covariance += own.T @ own / (size * (size - 1))
    return EventStudy(
        estimates=np.einsum("egt,gt->e", loads, means),
        covariance=covariance,
        n_before=int((event < -1).sum()),
        parts=tuple(parts),
    )


def _loads(
    groups: npt.NDArray[np.int64],
    sizes: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    control_group: ControlGroup,
) -> tuple[npt.NDArray[np.int64], Array]:
    """Return event times (without −1) and the effects' loads on group means (× groups × times).

    A cohort's effect in a period is its change since the last period before its exposure, less
    that of the controls; an event time averages cohorts by size.
    """
    found: dict[int, list[tuple[int, Array]]] = {}
    for place, cohort in enumerate(groups.tolist()):
        if cohort == 0:
            continue
        base = int(np.flatnonzero(times < cohort)[-1])
        for at, time in enumerate(times.tolist()):
            controls = groups == 0
            if control_group == "not-yet-treated":
                controls = controls | (groups > max(time, int(times[base])))
            controls = controls & (groups != cohort)
            if at == base or not controls.any():
                continue
            change = np.zeros(len(times))
            change[at], change[base] = 1.0, -1.0
            share = np.where(controls, sizes, 0) / sizes[controls].sum()
            load = -share[:, None] * change[None, :]
            load[place] += change
            found.setdefault(time - cohort, []).append((int(sizes[place]), load))
    event = np.array(sorted(found), dtype=np.int64)
    loads = np.array(
        [
            sum(size * load for size, load in found[time]) / sum(size for size, _ in found[time])
            for time in event.tolist()
        ]
    )
    return event, loads
