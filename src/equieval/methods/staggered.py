"""Staggered adoption: group-time effects of Callaway and Sant'Anna, and their aggregations.

Group-time effects and their influence functions come from `equieval.methods.group_time_cells`;
every aggregation, its overall effect, covariances and simultaneous bands are taken here from
those influence functions (Callaway & Sant'Anna 2021, J Econom 225:200), including what estimating
the cohort shares costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from equieval.errors import one_of
from equieval.methods.adoption import (
    ControlGroup,
    adoption_panel,
    refuse_adoption,
    refuse_changing_weights,
)
from equieval.methods.arms import Arms
from equieval.methods.bands import band_multiplier
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.group_time_cells import (
    BasePeriod,
    Cells,
    Method,
    group_time_cells,
    refuse_choices,
)
from equieval.methods.panel import refuse_no_spread

Array = npt.NDArray[np.float64]
Kind = Literal["simple", "group", "dynamic", "calendar"]

_KEYS: Final[dict[Kind, str]] = {
    "simple": "",
    "group": "cohort",
    "dynamic": "event_time",
    "calendar": "time",
}


@dataclass(frozen=True, eq=False)
class Aggregation:
    """One way of averaging group-time effects.

    ``effects`` has the cohort, event time or period of each effect, then ``estimate, std_error,
    ci_low, ci_high, band_low, band_high``; the bands hold all effects at once. ``covariance`` is
    theirs in the same order, ``influence`` (rows named by ``clusters``) what it came from, so
    that estimates that share clusters can be stacked. All that is as published, for many
    clusters; ``few_clusters`` is the overall effect with an interval for few.
    """

    kind: Kind
    overall: Contrast
    effects: pd.DataFrame
    covariance: Array
    influence: Array
    overall_influence: Array
    clusters: pd.Index
    arms: Arms

    @property
    def few_clusters(self) -> Contrast:
        """The overall effect, its error learnt from exposed and other clusters by themselves.

        The published error divides by the clusters there are, not by those to spare, and takes
        them for many (``equieval.methods.arms``).
        """
        return self.arms.contrast(
            self.overall.estimate,
            self.arms.unbiased(self.overall_influence),
            self.overall.ci_level,
        )


@dataclass(frozen=True, eq=False)
class GroupTimeEffects:
    """ATT(g, t) of every cohort and period, with their influence functions.

    ``effects`` has ``cohort, time, event_time, estimate, std_error, ci_low, ci_high``;
    ``influence`` is units × effects, scaled so that its column sums of squares are variances;
    a period that others are compared with has the effect 0 and no interval. ``weight_of_unit``
    has the mean 1.
    """

    effects: pd.DataFrame
    influence: Array
    cohort_of_effect: npt.NDArray[np.int64]
    cohort_of_unit: npt.NDArray[np.int64]
    weight_of_unit: Array
    cluster_of_unit: npt.NDArray[np.int64]
    clusters: pd.Index
    clustered: bool
    n_covariates: int
    ci_level: float
    control_group: ControlGroup
    method: Method
    n_units: int
    n_treated_units: int
    note: str

    def aggregate(self, kind: Kind, *, draws: int = 20_000, seed: int = 1) -> Aggregation:
        """Average the effects from exposure on: ``simple``, by ``group``, event time, period.

        The overall effect of ``group`` weighs cohorts by size (their units, or those units'
        weights), those of ``dynamic`` and ``calendar`` weigh event times and periods alike.
        ``dynamic`` also returns the event times before exposure (they are no part of its overall
        effect). Bands by ``draws`` from the joint normal distribution of the effects (Montiel
        Olea & Plagborg-Møller 2019).
        """
        one_of(kind, get_args(Kind), "kind")
        number = self.cohort_of_effect
        event = self.effects["event_time"].to_numpy()
        after = event >= 0
        key = self.effects[_KEYS[kind]].to_numpy() if kind != "simple" else np.zeros(len(event))
        used = np.ones(len(event), dtype=bool) if kind == "dynamic" else after
        labels = sorted(pd.unique(pd.Series(key[used])).tolist())
        averages = [self._average(used & (key == label), kind) for label in labels]
        estimates = np.array([average[0] for average in averages])
        influence = np.column_stack([average[1] for average in averages])
        if kind == "group":
            cohorts = np.array([number[used & (key == label)][0] for label in labels])
            overall, overall_influence = self._over_cohorts(estimates, influence, cohorts)
        else:
            counted = np.array([kind != "dynamic" or label >= 0 for label in labels])
            overall = float(estimates[counted].mean())
            overall_influence = influence[:, counted].mean(axis=1)
        by_cluster = self._by_cluster(np.column_stack([influence, overall_influence]))
        covariance = by_cluster[:, :-1].T @ by_cluster[:, :-1]
        errors = np.sqrt(np.diag(covariance))
        frame = pd.DataFrame({_KEYS[kind] or "average": labels, "estimate": estimates})
        frame["std_error"] = errors
        frame = _with_intervals(frame, self.ci_level)
        half = band_multiplier(covariance, self.ci_level, draws, seed) * errors
        frame["band_low"], frame["band_high"] = estimates - half, estimates + half
        std_error = float(np.sqrt((by_cluster[:, -1] ** 2).sum()))
        return Aggregation(
            kind=kind,
            overall=t_contrast(overall, std_error, ci_level=self.ci_level),
            effects=frame,
            covariance=covariance,
            influence=by_cluster[:, :-1],
            overall_influence=by_cluster[:, -1],
            clusters=self.clusters,
            arms=self.arms,
        )

    @property
    def arms(self) -> Arms:
        """The clusters that an effect is estimated for, and those they are compared with alone.

        Slopes of covariates are fitted to the others.
        """
        weights = self.weights_by_arm
        return Arms.of(
            weights["exposed"].to_numpy(),
            weights["weight"].to_numpy(float),
            (0, self.n_covariates),
            corrected=self.correction,
        )

    @property
    def weights_by_arm(self) -> pd.DataFrame:
        """Return ``exposed, weight`` of every cluster: its arm, and how much it counts there.

        A unit counts by its exposed periods and its weight; a cluster is exposed when one of its
        units is, and the others of its units do not count then.
        """
        effect = self.effects["event_time"].to_numpy() >= 0
        periods = (self.cohort_of_unit[:, None] == self.cohort_of_effect[effect]).sum(axis=1)
        exposed, weight = periods > 0, self.weight_of_unit * np.maximum(periods, 1)
        if self.clustered:
            place = self.cluster_of_unit
            ever = np.bincount(place, exposed) > 0
            weight = np.bincount(place, np.where(exposed == ever[place], weight, 0.0))
            exposed = ever
        return pd.DataFrame({"exposed": exposed, "weight": weight}, self.clusters)

    @property
    def correction(self) -> float:
        """What clusters' squared influence is multiplied with for their number."""
        n_clusters = len(self.clusters)
        return n_clusters / (n_clusters - 1) if self.clustered else 1.0

    def _average(self, cells: npt.NDArray[np.bool_], kind: Kind) -> tuple[float, Array]:
        """Average cells by cohort share (plainly within one cohort), with its influence."""
        estimates = self.effects["estimate"].to_numpy()[cells]
        influence = self.influence[:, cells]
        if kind == "group":
            return float(estimates.mean()), np.asarray(influence.mean(axis=1))
        return self._over_cohorts(estimates, influence, self.cohort_of_effect[cells])

    def _over_cohorts(
        self, estimates: Array, influence: Array, cohorts: npt.NDArray[np.int64]
    ) -> tuple[float, Array]:
        """Weigh by cohort share; the influence includes that the shares are estimated."""
        member = (self.cohort_of_unit[:, None] == cohorts[None, :]) * self.weight_of_unit[:, None]
        share = member.mean(axis=0)
        weight = share / share.sum()
        centred = member - share
        by_weight = centred / share.sum() - np.outer(centred.sum(axis=1), weight / share.sum())
        return (
            float(weight @ estimates),
            np.asarray(influence @ weight + by_weight @ estimates / self.n_units),
        )

    def _by_cluster(self, influence: Array) -> Array:
        if not self.clustered:
            return influence
        summed = np.zeros((len(self.clusters), influence.shape[1]))
        np.add.at(summed, self.cluster_of_unit, influence)
        return np.asarray(summed * np.sqrt(self.correction))


def callaway_santanna(
    data: pd.DataFrame,
    *,
    outcome: str,
    first_exposed: str = "first_exposed",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    control_group: ControlGroup = "never-treated",
    method: Method = "dr",
    base_period: BasePeriod = "universal",
    anticipation: int = 0,
    weights: str | None = None,
    cluster: str | None = None,
    ci_level: float = 0.95,
) -> GroupTimeEffects:
    """Estimate ATT(g, t) for every adoption cohort g and period t.

    ``data`` is a balanced panel; ``first_exposed`` holds each unit's first exposed period, in
    the same type as ``period``, missing (or 0 for whole numbers) for never. ``base_period``
    ``"universal"`` compares every period with the last one before exposure, which plots and
    HonestDiD need; ``"varying"`` compares periods before exposure each with the one before it.
    ``weights`` (births before exposure, for an effect per birth) count every unit by one number
    of its own, in means, regressions and cohort shares; their scale does not matter. Standard
    errors by unit, or by ``cluster``. Raises ``DesignError`` when a unit repeats or misses a
    period or changes its cohort or cluster, when there are no controls or nobody is exposed after
    the first period, for one cluster, for one unit on each side, for weights that change within
    a unit or are not positive, and for covariates that cannot be told apart. Units exposed from
    the start are left out and counted in ``note``, which also names cohorts of one unit.
    """
    where = "staggered difference-in-differences"
    refuse_choices(control_group, method, base_period, anticipation)
    weighing = [weights] if weights else []
    panel, labels, note = adoption_panel(
        data, outcome, first_exposed, unit, period, [*covariates, *weighing], cluster
    )
    refuse_adoption(panel, control_group, where)
    refuse_changing_weights(panel, weights, where)
    cells = group_time_cells(
        panel,
        labels,
        covariates,
        control_group=control_group,
        method=method,
        base_period=base_period,
        anticipation=anticipation,
        weights=weights,
    )
    notes = [note, _alone(panel, labels)]
    return _collect(
        cells,
        panel,
        labels,
        ci_level,
        control_group,
        method,
        "; ".join(words for words in notes if words),
        weights=weights,
        clustered=cluster is not None,
        n_covariates=len(covariates),
    )


def _alone(panel: pd.DataFrame, labels: dict[int, object]) -> str:
    """Name cohorts of one unit: what that unit does by chance is in no standard error."""
    sizes = panel.groupby("first")["unit"].nunique()
    alone = [
        "the never treated" if first == 0 else f"the cohort of {labels[first]}"
        for first, size in zip(sizes.index.tolist(), sizes, strict=True)
        if size == 1
    ]
    if not alone:
        return ""
    return (
        " and ".join(alone)
        + (" have" if len(alone) > 1 else " has")
        + " one unit, whose own chance is not in the standard errors"
    )


def _collect(
    cells: Cells,
    panel: pd.DataFrame,
    labels: dict[int, object],
    ci_level: float,
    control_group: ControlGroup,
    method: Method,
    note: str,
    *,
    weights: str | None,
    clustered: bool,
    n_covariates: int,
) -> GroupTimeEffects:
    by_unit = panel.drop_duplicates("unit").set_index("unit").sort_index()
    weight = by_unit[weights].to_numpy(float) if weights else np.ones(len(by_unit))
    names = by_unit["cluster"].to_numpy()
    effects = pd.DataFrame(
        {
            "cohort": [labels[cohort] for cohort in cells.cohort.tolist()],
            "time": [labels[time] for time in cells.time.tolist()],
            "event_time": cells.time - cells.cohort,
            "estimate": cells.estimate,
        }
    )
    result = GroupTimeEffects(
        effects=effects,
        influence=cells.influence,
        cohort_of_effect=cells.cohort,
        cohort_of_unit=by_unit["first"].to_numpy("int64"),
        weight_of_unit=weight / weight.mean(),
        cluster_of_unit=np.unique(names, return_inverse=True)[1].astype(np.int64),
        clusters=pd.Index(np.unique(names) if clustered else names),
        clustered=clustered,
        n_covariates=n_covariates,
        ci_level=ci_level,
        control_group=control_group,
        method=method,
        n_units=len(by_unit),
        n_treated_units=int((by_unit["first"] > 0).sum()),
        note=note,
    )
    summed = result._by_cluster(cells.influence)
    if not (summed**2).sum() > 1e-18 * float(panel["outcome"].var(ddof=0)):
        refuse_no_spread(0.0, panel["outcome"], "staggered difference-in-differences")
    effects["std_error"] = np.sqrt((summed**2).sum(axis=0))
    effects[["ci_low", "ci_high"]] = _with_intervals(effects, ci_level)[["ci_low", "ci_high"]]
    return result


def _with_intervals(frame: pd.DataFrame, ci_level: float) -> pd.DataFrame:
    contrasts = [
        t_contrast(estimate, error, ci_level=ci_level)
        for estimate, error in zip(frame["estimate"], frame["std_error"], strict=True)
    ]
    return frame.assign(
        ci_low=[contrast.ci_low for contrast in contrasts],
        ci_high=[contrast.ci_high for contrast in contrasts],
    )
