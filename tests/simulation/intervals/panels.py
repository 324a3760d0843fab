"""Panels of units with one start, of the grid: effects on a rate and on the inequality in it.

The panels are those of ``did_panel``: local systems of unequal size, months, five deprivation
groups, AR(1) shocks that hit everybody, a unit, and a group of a unit. Which interval is the
headline is the product's own rule (``headline_interval``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from equieval.data.synthetic import (
    SMOKING,
    STILLBIRTH,
    Effect,
    Setting,
    Synthetic,
    Variation,
    did_panel,
)
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast
from equieval.methods.did import two_way_fixed_effects
from equieval.methods.few_clusters import cr2, wild_bootstrap
from equieval.methods.few_treated import ferman_pinto
from equieval.methods.gradient import measure_weights
from equieval.methods.inequality_effect import inequality_effects, stratum_effects
from equieval.methods.inference import (
    HeadlineRule,
    Interval,
    headline_interval,
    reassignment_interval,
    size_ratio,
)
from equieval.methods.synthetic_did import synthetic_did
from equieval.study.adequacy import CANNOT_SAY, COMPARISON_THRESHOLDS
from intervals.answers import Answer, judged

#: Contrast rows that cost much are made in every so many replications.
SPARSE = 16
_DRAWS = 999
ESTIMAND = "average effect"
_LEVEL = {threshold.id: threshold.level for threshold in COMPARISON_THRESHOLDS}
#: Of the rate, by quintile: the worst-off gain most.
_EFFECT = {"1": -1.6, "2": -1.2, "3": -0.9, "4": -0.7, "5": -0.5}


@dataclass(frozen=True)
class PanelCell:
    """Units of which ``treated`` start half-way through ``periods`` months.

    ``outcome``: women who smoke at delivery (9 %), or stillbirths (4 per 1,000); ``births`` a
    month in an average unit.
    """

    id: str
    label: str
    units: int
    treated: int
    periods: int
    phi: float
    outcome: Literal["common", "rare"] = "common"
    births: int = 900

    @property
    def rule(self) -> HeadlineRule:
        """The product's rule for so many clusters."""
        return headline_interval(self.units, self.treated)

    def draw(self, replication: int, seed: int) -> list[Answer]:
        """Return the answers of one replication."""
        setting = replace(setting_of(self.outcome, self.periods), births=self.births)
        start = str(pd.Period(setting.first, "M") + self.periods // 2)
        scale = 0.6 if self.outcome == "rare" else 1.0
        drawn = did_panel(
            seed,
            setting,
            units=self.units,
            treated=self.treated,
            start=start,
            effect=Effect({level: scale * change for level, change in _EFFECT.items()}),
            variation=variation_of(self.phi),
        )
        strata, units = prepare(drawn, setting)
        says = can_say(strata, self.units, self.treated)
        sparse = replication % SPARSE == 0
        answers = []
        for measure in ("rate", "gap", "sii"):
            panel = measure_panel(units, measure)
            truths = true_effects(drawn, measure)
            answers.append(headline(self.rule.interval, panel, measure, truths, seed, says))
            if sparse:
                answers += _beside(self.rule.interval, panel, measure, truths, seed, says)
        if sparse or self.rule.interval == "clustered":
            answers += _joint(drawn, strata, says)
        return answers


def setting_of(outcome: str, periods: int) -> Setting:
    """Return the generator's setting of a common or a rare outcome."""
    return replace(SMOKING if outcome == "common" else STILLBIRTH, periods=periods)


def variation_of(phi: float) -> Variation:
    """Return how units differ by chance: shocks to all, to a unit, to a group of it."""
    return Variation(unit_spread=0.06, phi=phi, shared=0.05, unit=0.06, group=0.04)


def prepare(drawn: Synthetic, setting: Setting) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows by unit, period and stratum, and by unit and period, with rate and exposure.

    The second has ``gap`` and ``sii`` within the unit, at the treated units' shares before the
    start, beside ``rate``, the births behind each (``births``, ``gap_births``, ``sii_births``),
    and ``first_exposed``.
    """
    per, levels = drawn.truth["per"], drawn.truth["levels"]
    table = drawn.table
    strata = pd.DataFrame(
        {
            "lmns": table["lmns"],
            "period": _months(table["month"]),
            "stratum": table["imd_quintile"],
            "events": table[setting.numerator].astype(float),
            "births": table[setting.denominator].astype(float),
        }
    )
    first = strata["lmns"].map(drawn.truth["adoption"])
    strata["first_exposed"] = _months(first)
    strata["exposed"] = (table["month"].to_numpy() >= first.fillna("9999").to_numpy()).astype(int)
    strata["rate"] = per * strata["events"] / strata["births"]
    grouped = strata.groupby(["lmns", "period"], sort=True)
    units = grouped.agg(
        events=("events", "sum"),
        births=("births", "sum"),
        exposed=("exposed", "first"),
        first_exposed=("first_exposed", "first"),
    )
    units["rate"] = per * units["events"] / units["births"]
    units = units.reset_index()
    wide = strata.pivot(index=["lmns", "period"], columns="stratum", values=["rate", "births"])
    rates, births = (wide[name][levels].to_numpy(float) for name in ("rate", "births"))
    before = strata["lmns"].isin(drawn.truth["adoption"]) & (
        strata["period"] < units["first_exposed"].min()
    )
    shares = strata[before].groupby("stratum")["births"].sum().reindex(levels).to_numpy(float)
    for measure in ("gap", "sii"):
        weights = measure_weights(measure, shares / shares.sum())
        units[measure] = rates @ weights
        units[f"{measure}_births"] = births[:, weights != 0].sum(axis=1)
    return strata, units


def _months(labels: pd.Series) -> pd.PeriodIndex:
    """Return labels as months; each is read once, since reading them is slow."""
    codes, known = pd.factorize(labels)
    months = pd.PeriodIndex(known, freq="M")
    return months.take(codes, allow_fill=True, fill_value=pd.NaT)


def measure_panel(units: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return a measure by unit: ``unit, period, value, weight, exposed, first_exposed``."""
    weight = "births" if measure == "rate" else f"{measure}_births"
    return units[["period", "exposed", "first_exposed"]].assign(
        unit=units["lmns"], value=units[measure], weight=units[weight]
    )


def can_say(strata: pd.DataFrame, units: int, treated: int) -> bool:
    """Whether the published thresholds let a comparison of these units stand."""
    periods = strata.groupby("period")["exposed"].max()
    values = {
        "treated-units": float(treated),
        "comparison-units": float(units - treated),
        "assignments": float(math.comb(units, treated)),
        "periods-before": float((periods == 0).sum()),
        "periods-after": float((periods == 1).sum()),
        "events-treated": _expected_events(strata),
    }
    return all(_LEVEL[name](value) != CANNOT_SAY for name, value in values.items())


def _expected_events(strata: pd.DataFrame) -> float:
    """Return the fewest events to be expected in a treated unit's group, before or after."""
    cells = strata[strata["first_exposed"].notna()]
    early = cells[cells["period"] < cells["first_exposed"].min()]
    fewest = early.groupby(["lmns", "stratum"])["events"].mean().groupby("lmns").min()
    sides = cells.groupby(["lmns", "exposed"])["period"].nunique().groupby("lmns").min()
    return float((fewest * sides).min())


def true_effects(drawn: Synthetic, measure: str) -> dict[str, float]:
    """Return the true average effect by who counts how much: each person, or each unit.

    The groups' shares in an inequality measure are those of the births in either case.
    """
    stratum = "all" if measure == "rate" else ""
    return {
        weights: drawn.true_effect(
            estimand="simple",
            measure=measure,
            stratum=stratum,
            weighting="unit" if measure == "rate" and weights == "none" else "denominator",
        )
        for weights in ("weight", "none")
    }


def headline(
    rule: Interval,
    panel: pd.DataFrame,
    measure: str,
    truths: dict[str, float],
    seed: int,
    says: bool,
) -> Answer:
    """Return the answer with the interval that the rule lets stand, as a report has it."""
    finders: dict[Interval, tuple[str, str, Callable[[], Contrast]]] = {
        "clustered": (
            "clustered",
            "weight",
            lambda: two_way_fixed_effects(panel, outcome="value", weights="weight").effect,
        ),
        "wild-bootstrap": (
            "wild-bootstrap",
            "weight",
            lambda: (
                wild_bootstrap(
                    panel, outcome="value", weights="weight", draws=_DRAWS, seed=seed
                ).effect
            ),
        ),
        "reassignment": ("reassignment", "none", lambda: _reassigned(panel, seed)),
        "size-corrected": (
            "reassignment",
            "none",
            lambda: (
                ferman_pinto(panel, outcome="value", size="weight", draws=_DRAWS, seed=seed).effect
            ),
        ),
    }
    applied = by_sizes(rule, panel)
    if applied not in finders:
        method = "none" if rule == "none" else rule
        return Answer(measure, ESTIMAND, method, truths["none"], state="cannot say")
    method, weights, find = finders[applied]
    return judged(measure, ESTIMAND, method, truths[weights], find, can_say=lambda _: says)


def by_sizes(rule: Interval, panel: pd.DataFrame) -> Interval:
    """Return the product's rule for these units, which with few treated looks at their sizes."""
    if rule != "reassignment":
        return rule
    treated = panel.groupby("unit")["exposed"].max() > 0
    ratio = size_ratio(panel.groupby("unit")["weight"].mean(), treated)
    return headline_interval(len(treated), int(treated.sum()), size_ratio=ratio).interval


def _reassigned(panel: pd.DataFrame, seed: int) -> Contrast:
    return reassignment_interval(panel, outcome="value", max_assignments=_DRAWS + 1, seed=seed)


def _beside(
    rule: Interval,
    panel: pd.DataFrame,
    measure: str,
    truths: dict[str, float],
    seed: int,
    says: bool,
) -> list[Answer]:
    """Return what stands beside the headline in a report."""
    weighted = {"outcome": "value", "weights": "weight"}
    plain = {"outcome": "value", "seed": seed}
    finders: dict[str, tuple[str, Callable[[], Contrast]]] = {
        "cr2": ("weight", lambda: cr2(panel, **weighted)),
        "clustered": ("weight", lambda: two_way_fixed_effects(panel, **weighted).effect),
        "wild-bootstrap": (
            "weight",
            lambda: wild_bootstrap(panel, **weighted, draws=_DRAWS, seed=seed).effect,
        ),
    }
    if rule in ("reassignment", "none"):
        finders |= {
            "reassignment-alone": ("none", lambda: _reassigned(panel, seed)),
            "ferman-pinto": (
                "none",
                lambda: ferman_pinto(panel, size="weight", draws=_DRAWS, **plain).effect,
            ),
        }
        if measure == "rate":
            finders |= {
                "synthetic-did": (
                    "none",
                    lambda: synthetic_did(panel, placebos=100, **plain).effect,
                ),
            }
    return [
        judged(measure, ESTIMAND, method, truths[weights], find, can_say=lambda _: says)
        for method, (weights, find) in finders.items()
        if method != rule
    ]


def _joint(drawn: Synthetic, strata: pd.DataFrame, says: bool) -> list[Answer]:
    """Return the effects on all measures from one counterfactual, with joint covariance."""
    names = ("gap", "ratio", "sii")
    levels = drawn.truth["levels"]
    try:
        effects = stratum_effects(strata, levels, outcome="rate", unit="lmns", weights="births")
        table = inequality_effects(effects, which=names).set_index("measure")
    except DesignError:
        table = pd.DataFrame()
    answers = []
    for name in names:
        truth = drawn.true_effect(
            estimand="simple", measure=name, stratum="", weighting="denominator"
        )

        def find(name: str = name) -> Contrast:
            if table.empty or not np.isfinite(table.loc[name, "std_error"]):
                raise DesignError("No effect on this measure.", where="grid", remedy="None.")
            row = table.loc[name]
            return Contrast(
                *(float(row[key]) for key in ("estimate", "std_error", "df", "ci_low", "ci_high")),
                float(row["p_value"]),
            )

        answers.append(judged(name, ESTIMAND, "stacked", truth, find, can_say=lambda _: says))
    return answers
