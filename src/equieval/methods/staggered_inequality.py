"""The effect on inequality under staggered adoption.

Callaway & Sant'Anna (2021, J Econom 225:200) within every stratum: group-time effects, and with
the same weights over cohorts and periods the rates that were observed. What a unit (or a coarser
cluster) contributes to the strata's effects and observed rates is stacked, so all strata share
one joint covariance and every measure of ``equieval.methods.inequality_effect`` comes from one
counterfactual. Dynamic aggregation gives effects at stated times since exposure, and the event
study of the gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import DesignError, did_you_mean, one_of
from equieval.methods.adoption import ControlGroup, adoption_panel
from equieval.methods.arms import Arms
from equieval.methods.gap_event_study import GapEventStudy, gap_event_study
from equieval.methods.group_time_cells import BasePeriod, Method, refuse_choices
from equieval.methods.inequality_effect import StratumEffects, fixed_shares
from equieval.methods.measure_functionals import Polarity
from equieval.methods.panel import require_columns
from equieval.methods.staggered import (
    Aggregation,
    GroupTimeEffects,
    Kind,
    callaway_santanna,
)

Array = npt.NDArray[np.float64]

_WHERE: Final = "effects by stratum under staggered adoption"


@dataclass(frozen=True, eq=False)
class StaggeredStrata:
    """Group-time effects and observed rates of every stratum, most to least deprived.

    ``effects`` and ``observed`` hold the same cells (cohort and period) in the same order;
    ``shares`` are fixed before exposure.
    """

    levels: tuple[str, ...]
    effects: tuple[GroupTimeEffects, ...]
    observed: tuple[GroupTimeEffects, ...]
    shares: Array

    def overall(self, kind: Kind = "simple") -> StratumEffects:
        """Return the overall effect of an aggregation by stratum, with one joint covariance.

        It goes on to ``inequality_effects``, ``levelling`` and ``equal_effects_test``.
        """
        one_of(kind, get_args(Kind), "kind")
        found = [
            (aggregation.overall.estimate, _by_name(aggregation, aggregation.overall_influence))
            for aggregation in self._aggregated(kind)
        ]
        return self._stacked(found)

    def at(self, event_times: int | Sequence[int]) -> StratumEffects:
        """Return the effect by stratum at a time since exposure, or on average over several.

        Cohorts are weighted by their size at each time. Raises ``DesignError`` for a time that
        is before exposure or that no cohort reaches.
        """
        wanted = [event_times] if isinstance(event_times, int) else list(event_times)
        found = []
        for aggregation in self._aggregated("dynamic"):
            known = aggregation.effects["event_time"].tolist()
            for time in wanted:
                if time < 0 or time not in known:
                    raise DesignError(
                        f"There is no effect {time} periods after exposure.",
                        where=_WHERE,
                        remedy=f"Choose from 0 to {max(known)}.",
                    )
            places = [known.index(time) for time in wanted]
            if not places:
                raise DesignError(
                    "No time since exposure is named.", where=_WHERE, remedy="Name at least one."
                )
            estimate = float(aggregation.effects["estimate"].to_numpy()[places].mean())
            influence = aggregation.influence[:, places].mean(axis=1)
            found.append((estimate, _by_name(aggregation, influence)))
        return self._stacked(found)

    def gap_event_study(
        self, *, polarity: Polarity = "low", ci_level: float = 0.95
    ) -> GapEventStudy:
        """Return the event study of the gap between the ends, which HonestDiD takes."""
        one_of(polarity, get_args(Polarity), "polarity")
        return gap_event_study(
            self.effects[0].aggregate("dynamic"),
            self.effects[-1].aggregate("dynamic"),
            polarity=polarity,
            ci_level=ci_level,
        )

    def _aggregated(self, kind: Kind) -> list[Aggregation]:
        """Aggregate all effects, then all observed rates, by the same weights."""
        return [cells.aggregate(kind, draws=1) for cells in (*self.effects, *self.observed)]

    def _arms(self, clusters: pd.Index) -> Arms:
        """Return the arms of all strata together, a cluster counting by what it is in each."""
        by_cluster = pd.concat([cells.weights_by_arm for cells in self.effects]).groupby(level=0)
        weights = by_cluster.agg({"exposed": "any", "weight": "sum"}).loc[clusters]
        first = self.effects[0]
        return Arms.of(
            weights["exposed"].to_numpy(bool),
            weights["weight"].to_numpy(float),
            (0, first.n_covariates),
            corrected=first.correction,
        )

    def _stacked(self, found: Sequence[tuple[float, pd.Series]]) -> StratumEffects:
        estimates = np.array([estimate for estimate, _ in found])
        influence = pd.concat([column for _, column in found], axis=1).fillna(0.0).sort_index()
        arms = self._arms(influence.index)
        size = len(self.levels)
        return StratumEffects(
            levels=self.levels,
            effects=estimates[:size],
            observed=estimates[size:],
            shares=self.shares,
            influence=arms.unbiased(influence.to_numpy(float)),
            arms=arms,
        )


def staggered_stratum_effects(
    data: pd.DataFrame,
    levels: Sequence[str],
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    stratum: str = "stratum",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    control_group: ControlGroup = "never-treated",
    method: Method = "dr",
    base_period: BasePeriod = "universal",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    size: str | None = None,
    shares: Mapping[str, float] | None = None,
    ci_level: float = 0.95,
) -> StaggeredStrata:
    """Estimate ATT(g, t) in every stratum, on clusters that all strata share.

    ``data`` has one row per unit, period and stratum; the other arguments are those of
    ``callaway_santanna``; ``weights`` are a unit's own in each stratum (its births there before
    exposure). ``size`` names the denominators (births): a stratum's share is its part of the
    treated units' before exposure, unless ``shares`` by level are given; without either, strata
    count the same. Raises ``DesignError``, naming the stratum, for whatever
    ``callaway_santanna`` refuses in one, for an absent stratum and for strata that do not have
    the same cohorts and periods.
    """
    refuse_choices(control_group, method, base_period, anticipation)
    require_columns(data, [stratum, *([size] if size else [])], _WHERE)
    effects, observed, sizes = [], [], []
    for level in levels:
        rows = data[data[stratum] == level]
        if rows.empty:
            raise DesignError(
                f"The data have no stratum {level!r}.",
                where=_WHERE,
                remedy=did_you_mean(str(level), [str(name) for name in data[stratum].unique()]),
            )
        try:
            panel, _, _ = adoption_panel(
                rows, outcome, first_exposed, unit, period, [size] if size else [], cluster
            )
            found = callaway_santanna(
                rows,
                outcome=outcome,
                first_exposed=first_exposed,
                unit=unit,
                period=period,
                covariates=covariates,
                control_group=control_group,
                method=method,
                base_period=base_period,
                anticipation=anticipation,
                weights=weights,
                cluster=cluster,
                ci_level=ci_level,
            )
        except DesignError as refusal:
            raise DesignError(
                refusal.what, where=f"{refusal.where}, stratum {level!r}", remedy=refusal.remedy
            ) from refusal
        effects.append(found)
        observed.append(_observed(found, panel))
        before = (panel["first"] > 0) & (panel["time"] < panel["first"])
        sizes.append(float(panel.loc[before, size].sum()) if size else 1.0)
    _refuse_different_cells(levels, effects)
    return StaggeredStrata(
        levels=tuple(levels),
        effects=tuple(effects),
        observed=tuple(observed),
        shares=fixed_shares(shares, levels, sizes),
    )


def _observed(found: GroupTimeEffects, panel: pd.DataFrame) -> GroupTimeEffects:
    """Return the cohorts' mean outcomes in the cells of ``found``, with their influence."""
    values = panel.pivot(index="unit", columns="time", values="outcome")
    time = found.cohort_of_effect + found.effects["event_time"].to_numpy()
    member = found.cohort_of_unit[:, None] == found.cohort_of_effect[None, :]
    outcomes = values.to_numpy(float)[:, values.columns.get_indexer(pd.Index(time))]
    weight = member * found.weight_of_unit[:, None]
    share = weight / weight.sum(axis=0)
    mean = (share * outcomes).sum(axis=0)
    return replace(
        found,
        effects=found.effects.assign(estimate=mean),
        influence=np.asarray(share * (outcomes - mean)),
    )


def _by_name(aggregation: Aggregation, influence: Array) -> pd.Series:
    return pd.Series(influence, index=aggregation.clusters)


def _refuse_different_cells(levels: Sequence[str], effects: Sequence[GroupTimeEffects]) -> None:
    expected = set(zip(effects[0].effects["cohort"], effects[0].effects["time"], strict=True))
    for level, found in zip(levels, effects, strict=True):
        cells = set(zip(found.effects["cohort"], found.effects["time"], strict=True))
        if cells != expected:
            cohort, time = sorted(cells ^ expected, key=str)[0]
            raise DesignError(
                f"The strata {levels[0]!r} and {level!r} do not have the same cells: the cohort "
                f"of {cohort} in {time} is in one of them only.",
                where=_WHERE,
                remedy="Keep the cohorts and periods that every stratum has, or merge strata.",
            )
