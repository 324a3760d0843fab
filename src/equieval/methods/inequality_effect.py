"""The effect of an intervention on inequality, in a difference-in-differences.

The estimand is I(observed, treated) − I(counterfactual, treated) for every measure I, at fixed
shares. One stacked model gives each stratum its own unit effects, period effects and effect of
exposure; units (or coarser clusters) are shared by all strata, so their scores give one joint
covariance of all strata's effects and observed rates. Every measure is then a function of the
same counterfactual, on the scale of the outcome, by the delta method.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from equieval.errors import DesignError, InputError, did_you_mean, one_of
from equieval.methods.adjustment import adjustment_terms
from equieval.methods.arms import Arms
from equieval.methods.contrasts import Contrast
from equieval.methods.few_clusters import absorb_effects, refuse_absorbed_covariates
from equieval.methods.measure_functionals import (
    MEASURES,
    Polarity,
    measure_functional,
    ridits_of,
)
from equieval.methods.panel import (
    exposure_panel,
    refuse_no_spread,
    refuse_weights,
    require_columns,
)

Array = npt.NDArray[np.float64]

Verdict = Literal[
    "narrowed: the worst-off gained",
    "narrowed: the best-off lost",
    "narrowed: the worst-off gained and the best-off lost",
    "narrowed: not clear who moved",
    "widened: the worst-off lost",
    "widened: the best-off gained",
    "widened: the worst-off lost and the best-off gained",
    "widened: not clear who moved",
    "no clear change",
]


@dataclass(frozen=True, eq=False)
class StratumEffects:
    """Effects and observed rates by stratum, with what each cluster contributes to them.

    ``effects`` and ``observed`` follow ``levels`` (most to least deprived); ``observed`` are the
    treated units' rates after the start. ``influence`` is clusters × (effects, observed): its
    cross-product is the joint covariance. ``arms`` says which clusters are treated, and how well
    each arm shows how it varies: intervals have the degrees of freedom of both together.
    """

    levels: tuple[str, ...]
    effects: Array
    observed: Array
    shares: Array
    influence: Array
    arms: Arms

    @property
    def n_clusters(self) -> int:
        """Clusters of both arms."""
        return len(self.arms.exposed)

    @property
    def n_treated_clusters(self) -> int:
        """Clusters that are treated."""
        return int(self.arms.exposed.sum())

    @property
    def covariance(self) -> Array:
        """Joint covariance of effects and observed rates, 2K × 2K."""
        return np.asarray(self.influence.T @ self.influence)

    def effect(self, level: str, ci_level: float = 0.95) -> Contrast:
        """Return the effect in one stratum."""
        if level not in self.levels:
            raise InputError(
                f"There is no stratum {level!r}.",
                where="effects by stratum",
                remedy=did_you_mean(level, self.levels),
            )
        place = self.levels.index(level)
        return self.arms.contrast(float(self.effects[place]), self.influence[:, place], ci_level)


@dataclass(frozen=True)
class Levelling:
    """Whether the gap changed and who moved, in the direction of good and bad outcomes.

    ``worst_off`` and ``best_off`` are the effects in the most and least deprived stratum,
    ``gap`` the change of the gap between them (negative: narrower).
    """

    verdict: Verdict
    gap: Contrast
    worst_off: Contrast
    best_off: Contrast


def stratum_effects(
    data: pd.DataFrame,
    levels: Sequence[str],
    *,
    outcome: str,
    exposed: str = "exposed",
    stratum: str = "stratum",
    unit: str = "unit",
    period: str = "period",
    covariates: Sequence[str] = (),
    weights: str | None = None,
    cluster: str | None = None,
    shares: Mapping[str, float] | None = None,
) -> StratumEffects:
    """Estimate the effect of exposure in every stratum, with one joint covariance.

    ``data`` has one row per unit, period and stratum. The covariates of a unit
    (``equieval.methods.adjustment``) have coefficients of their own in every stratum.
    ``weights`` (births) weigh rows; shares
    by level default to the treated units' weights before the start, so that the measure cannot
    move because people do. Raises ``DesignError`` for a stratum without data and for whatever
    ``two_way_fixed_effects`` refuses in any stratum.
    """
    where = "effects by stratum"
    require_columns(data, [stratum], where)
    columns: list[pd.Series] = []
    effects, observed, sizes, counted = [], [], [], []
    treated: set[object] = set()
    for level in levels:
        # A stacked table's index may repeat.
        rows = data[data[stratum] == level].reset_index(drop=True)
        if rows.empty:
            raise DesignError(
                f"The data have no stratum {level!r}.",
                where=where,
                remedy=did_you_mean(str(level), [str(name) for name in data[stratum].unique()]),
            )
        try:
            panel, _ = exposure_panel(
                rows,
                outcome=outcome,
                exposed=exposed,
                unit=unit,
                period=period,
                cluster=cluster,
                extra=[*covariates, *([weights] if weights else [])],
            )
            refuse_weights(panel, weights, where)
            panel, terms = adjustment_terms(panel, covariates, weights=weights)
            panel["cluster"] = rows.loc[panel.index, cluster or unit]
            panel["weight"] = panel[weights] if weights else 1.0
            effect, moved = _effect(panel, terms)
            error = float(np.sqrt((moved.to_numpy(float) ** 2).sum()))
            refuse_no_spread(error, panel["outcome"], where)
        except DesignError as refusal:
            raise DesignError(
                refusal.what, where=f"{refusal.where}, stratum {level!r}", remedy=refusal.remedy
            ) from refusal
        mean, spread = _observed(panel)
        effects.append(effect)
        observed.append(mean)
        columns += [moved, spread]
        ever = panel.groupby("unit")["exposed"].transform("max") == 1
        sizes.append(float(panel.loc[ever & (panel["exposed"] == 0), "weight"].sum()))
        counted.append(panel.groupby("cluster")["weight"].sum())
        treated |= set(panel.loc[ever, "cluster"])
    joint = pd.concat([*columns[::2], *columns[1::2]], axis=1).fillna(0.0)
    weight = pd.concat(counted, axis=1).sum(axis=1).reindex(joint.index)
    slopes = len(covariates)
    arms = Arms.of(joint.index.isin(treated), weight.to_numpy(float), (slopes, slopes))
    return StratumEffects(
        levels=tuple(levels),
        effects=np.array(effects),
        observed=np.array(observed),
        shares=fixed_shares(shares, levels, sizes),
        influence=arms.unbiased(joint.to_numpy(float)),
        arms=arms,
    )


def inequality_effects(
    effects: StratumEffects,
    *,
    polarity: Polarity = "low",
    which: Sequence[str] | None = None,
    ci_level: float = 0.95,
) -> pd.DataFrame:
    """Return the effect on each measure of inequality, all from one counterfactual.

    Columns ``measure, scale, observed, counterfactual, estimate, std_error, df, ci_low, ci_high,
    p_value``. ``estimate`` is observed minus counterfactual, so negative is less inequality
    whatever the polarity; for ratios too it is a difference (of ratios). A measure whose
    counterfactual is not positive where it must be is missing. Raises ``InputError`` for an
    unknown measure or polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    ridits = ridits_of(effects.shares)
    records: list[dict[str, object]] = []
    for name in MEASURES if which is None else which:
        scale, signed = measure_functional(name, polarity)
        without = effects.observed - effects.effects
        now, now_slope = signed(effects.observed, effects.shares, ridits)
        then, then_slope = signed(without, effects.shares, ridits)
        gradient = np.concatenate([then_slope, now_slope - then_slope])
        row = effects.arms.contrast(now - then, effects.influence @ gradient, ci_level).as_row()
        row.pop("ci_level")
        records.append(
            {"measure": name, "scale": scale, "observed": now, "counterfactual": then, **row}
        )
    return pd.DataFrame(records)


def equal_effects_test(effects: StratumEffects) -> dict[str, float]:
    """Test that all strata have the same effect: Hotelling's F with its df and p value.

    Raises ``DesignError`` with too few clusters for so many strata.
    """
    size = len(effects.levels)
    between = np.eye(size)[1:] - np.eye(size)[:-1]
    statistic, within = effects.arms.test(
        between @ effects.effects, effects.influence[:, :size] @ between.T
    )
    if not within > 0:
        raise DesignError(
            f"{effects.n_treated_clusters} treated of {effects.n_clusters} clusters cannot test "
            f"the equality of {size} effects.",
            where="interaction test",
            remedy="Group the strata (quintiles), or test the gap alone.",
        )
    return {
        "statistic": statistic,
        "df": float(size - 1),
        "df_within": within,
        "p_value": float(stats.f.sf(statistic, size - 1, within)),
    }


def levelling(
    effects: StratumEffects,
    *,
    polarity: Polarity = "low",
    ci_level: float = 0.95,
) -> Levelling:
    """Say whether the gap narrowed or widened and which end moved.

    A change is named only where its interval excludes none; the ends are judged by their own.
    Raises ``InputError`` for an unknown polarity.
    """
    one_of(polarity, get_args(Polarity), "polarity")
    size = len(effects.levels)
    sign = 1.0 if polarity == "low" else -1.0
    difference = sign * (effects.influence[:, 0] - effects.influence[:, size - 1])
    gap = effects.arms.contrast(
        sign * float(effects.effects[0] - effects.effects[-1]), difference, ci_level
    )
    worst, best = (effects.effect(effects.levels[place], ci_level) for place in (0, -1))

    return Levelling(verdict_of(gap, worst, best, polarity), gap, worst, best)


def verdict_of(
    gap: Contrast, worst_off: Contrast, best_off: Contrast, polarity: Polarity = "low"
) -> Verdict:
    """Name the change of the gap (negative: narrower) and who moved, by the three intervals."""
    one_of(polarity, get_args(Polarity), "polarity")
    sign = 1.0 if polarity == "low" else -1.0

    def moved(contrast: Contrast) -> int:
        """+1 gained, −1 lost, 0 not clear."""
        if contrast.ci_low <= 0 <= contrast.ci_high:
            return 0
        return -1 if sign * contrast.estimate > 0 else 1

    worst, best = moved(worst_off), moved(best_off)
    if gap.ci_low <= 0 <= gap.ci_high:
        return "no clear change"
    if gap.estimate < 0:
        if worst > 0 and best < 0:
            return "narrowed: the worst-off gained and the best-off lost"
        if worst > 0:
            return "narrowed: the worst-off gained"
        return "narrowed: the best-off lost" if best < 0 else "narrowed: not clear who moved"
    if worst < 0 and best > 0:
        return "widened: the worst-off lost and the best-off gained"
    if worst < 0:
        return "widened: the worst-off lost"
    return "widened: the best-off gained" if best > 0 else "widened: not clear who moved"


def _effect(panel: pd.DataFrame, terms: Sequence[str]) -> tuple[float, pd.Series]:
    """Return one stratum's effect and what each cluster contributes to its error."""
    weight = panel["weight"].to_numpy(float)
    units, times = panel["unit"].to_numpy(), panel["time"].to_numpy()
    adjusted = panel[list(terms)].to_numpy(float) if terms else None
    if terms:
        columns = panel[["exposed", *terms]].to_numpy(float)
        refuse_absorbed_covariates(columns, weight, units, times)
    freed = absorb_effects(
        panel[["exposed", "outcome"]].to_numpy(float), weight, units, times, adjusted
    )
    load = weight * freed[:, 0]
    total = float(load @ freed[:, 0])
    if total <= 1e-12 * float(weight.sum()):
        raise DesignError(
            "Exposure cannot be told from unit and period effects in a stratum.",
            where="effects by stratum",
            remedy="Merge small strata, or bring in more units.",
        )
    effect = float(load @ freed[:, 1]) / total
    score = pd.Series(load * (freed[:, 1] - effect * freed[:, 0]) / total, panel.index)
    return effect, score.groupby(panel["cluster"]).sum()


def _observed(panel: pd.DataFrame) -> tuple[float, pd.Series]:
    """Return the exposed rows' weighted mean and what each cluster contributes to its error."""
    rows = panel[panel["exposed"] == 1]
    total = float(rows["weight"].sum())
    mean = float((rows["weight"] * rows["outcome"]).sum()) / total
    score = rows["weight"] * (rows["outcome"] - mean) / total
    return mean, score.groupby(rows["cluster"]).sum()


def fixed_shares(
    shares: Mapping[str, float] | None, levels: Sequence[str], sizes: Sequence[float]
) -> Array:
    """Return the shares given, or else those of ``sizes`` by level, summing to 1."""
    if shares is not None:
        absent = [level for level in levels if level not in shares]
        if absent:
            raise InputError(
                "Fixed shares must name every level; absent: " + ", ".join(absent) + ".",
                where="shares",
                remedy="Give one share per level; they need not sum to 1.",
            )
        sizes = [float(shares[level]) for level in levels]
    values = np.asarray(sizes, dtype=float)
    if not np.isfinite(values).all() or (values < 0).any() or not values.sum() > 0:
        raise InputError(
            "Shares must be present, not negative and not all 0.",
            where="shares",
            remedy="Give the denominators (births) of every stratum before the start.",
        )
    return np.asarray(values / values.sum())
