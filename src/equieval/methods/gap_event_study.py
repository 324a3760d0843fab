"""The event study of the gap: were the strata's trends parallel, and when did the gap change?

Strata that share units have one joint distribution: what a unit contributes to the effects in
the worst-off stratum less what it contributes in the best-off is its contribution to the gap
(staggered adoption: ``equieval.methods.staggered`` gives both). Effects before exposure then
test the parallel-**gap** assumption, which is weaker than parallel trends in every stratum, and
HonestDiD runs on the gap itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import pandas as pd
from scipy import stats

from equieval.errors import DesignError, one_of
from equieval.methods.bands import band_multiplier
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.honest import EventStudy
from equieval.methods.honest import event_study as take_event_study
from equieval.methods.joint_tests import joint_reference, withheld
from equieval.methods.measure_functionals import Polarity
from equieval.methods.staggered import Aggregation


@dataclass(frozen=True, eq=False)
class GapEventStudy:
    """Effects on the gap by event time, and over the time since exposure.

    ``effects`` has ``event_time, estimate, std_error, ci_low, ci_high, band_low, band_high``
    (positive: wider, worse for the worst-off); ``overall`` is their mean from exposure on;
    ``study`` is what HonestDiD takes.
    """

    effects: pd.DataFrame
    overall: Contrast
    study: EventStudy


@dataclass(frozen=True)
class PretrendTest:
    """Test that all effects before exposure are 0; passing it proves little.

    ``statistic`` on ``df``: Wald's χ² on the number of effects, or for few units the t statistic
    of the effect that is farthest from chance. ``critical``: by how many of its standard errors
    each effect may lie off at the level of the test (empty for the χ²).
    """

    statistic: float
    df: float
    p_value: float
    critical: tuple[float, ...] = ()


def gap_event_study(
    worst_off: Aggregation,
    best_off: Aggregation,
    *,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
) -> GapEventStudy:
    """Return the event study of worst-off minus best-off (turned round where high is good).

    Both are ``dynamic`` aggregations with a universal base of the same outcome, one on the rows
    of each stratum. Clusters that are in one of them only contribute to that one. Raises
    ``DesignError`` for different event times and for aggregations that are no event study,
    ``InputError`` for an unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    for aggregation in (worst_off, best_off):
        take_event_study(aggregation)
    times = worst_off.effects["event_time"].tolist()
    if times != best_off.effects["event_time"].tolist():
        raise DesignError(
            "The two strata have different event times.",
            where="event study of the gap",
            remedy="Keep the units and periods that both strata have.",
        )
    sign = 1.0 if polarity == "low" else -1.0
    clusters = worst_off.clusters.union(best_off.clusters)

    def influence(aggregation: Aggregation) -> pd.DataFrame:
        values = np.column_stack([aggregation.influence, aggregation.overall_influence])
        return pd.DataFrame(values, index=aggregation.clusters).reindex(clusters, fill_value=0.0)

    difference = sign * (influence(worst_off) - influence(best_off)).to_numpy(float)
    estimates = sign * (worst_off.effects["estimate"] - best_off.effects["estimate"]).to_numpy()
    covariance = difference[:, :-1].T @ difference[:, :-1]
    errors = np.sqrt(np.diag(covariance))
    half = band_multiplier(covariance, ci_level) * errors
    contrasts = [
        t_contrast(float(estimate), float(error), ci_level=ci_level)
        for estimate, error in zip(estimates, errors, strict=True)
    ]
    kept = np.array(times) != -1
    return GapEventStudy(
        effects=pd.DataFrame(
            {
                "event_time": times,
                "estimate": estimates,
                "std_error": errors,
                "ci_low": [contrast.ci_low for contrast in contrasts],
                "ci_high": [contrast.ci_high for contrast in contrasts],
                "band_low": estimates - half,
                "band_high": estimates + half,
            }
        ),
        overall=t_contrast(
            sign * (worst_off.overall.estimate - best_off.overall.estimate),
            float(np.sqrt((difference[:, -1] ** 2).sum())),
            ci_level=ci_level,
        ),
        study=EventStudy(
            estimates=estimates[kept],
            covariance=covariance[np.ix_(kept, kept)],
            n_before=int((np.array(times) < -1).sum()),
        ),
    )


def pretrend_test(study: EventStudy, *, ci_level: float = 0.95) -> PretrendTest:
    """Test that every effect before exposure is 0, at 1 − ``ci_level``.

    A study with parts (few units) is judged by the effect that is farthest from chance, corrected
    for looking at them all (``equieval.methods.joint_tests``); effects that have no interval are
    left out. A study without is judged by Wald's χ², which takes the covariance as known. Raises
    ``DesignError`` when there is no effect to test, and for a singular covariance under χ².
    """
    size = study.n_before
    if size < 1:
        raise DesignError(
            "There is no period before exposure but the reference.",
            where="pre-trend test",
            remedy="Bring in earlier periods.",
        )
    if study.parts:
        return _farthest(study.through(np.eye(len(study.estimates))[:size], size), ci_level)
    covariance = study.covariance[:size, :size]
    values = np.linalg.eigvalsh(covariance)
    if not values.min() > 1e-12 * values.max():
        raise DesignError(
            "The covariance of the effects before exposure is singular.",
            where="pre-trend test",
            remedy="Use fewer periods before exposure, or more clusters.",
        )
    before = study.estimates[:size]
    statistic = float(before @ np.linalg.solve(covariance, before))
    return PretrendTest(statistic, size, float(stats.chi2.sf(statistic, size)))


def _farthest(before: EventStudy, ci_level: float) -> PretrendTest:
    """Test the effects by the one with the smallest p value."""
    reasons = withheld(before)
    shown = np.array([not why for why in reasons])
    if not shown.any():
        raise DesignError(
            f"No effect before exposure can be tested: {reasons[0]}.",
            where="pre-trend test",
            remedy="Bring in units that join together, or more of them.",
        )
    known = before.through(np.eye(len(shown))[shown], int(shown.sum()))
    reference = joint_reference(known)
    t_statistics = known.estimates / np.sqrt(np.diag(known.covariance))
    farthest = int(np.argmin(2 * stats.t.sf(np.abs(t_statistics), reference.df)))
    critical = np.full(len(shown), np.inf)
    critical[shown] = reference.critical(ci_level)
    return PretrendTest(
        statistic=float(t_statistics[farthest]),
        df=float(reference.df[farthest]),
        p_value=reference.p_value(t_statistics),
        critical=tuple(critical.tolist()),
    )
