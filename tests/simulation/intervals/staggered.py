"""Panels of units that join at three dates, of the grid: rates and counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from equieval.data.synthetic import Effect, Synthetic, staggered_panel
from equieval.errors import DesignError
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.inference import HeadlineRule, headline_interval
from equieval.methods.staggered import GroupTimeEffects, Kind, callaway_santanna
from equieval.methods.staggered_counts import CountEffects, poisson_etwfe
from intervals.answers import Answer, judged
from intervals.panels import (
    ESTIMAND,
    can_say,
    measure_panel,
    prepare,
    setting_of,
    variation_of,
)


@dataclass(frozen=True)
class StaggeredCell:
    """Units of which four each join after a third, a half and two thirds of the months.

    The effect grows with time since exposure. ``outcome``: as for a panel with one start; for the
    rare one effects are ratios and the model is Poisson.
    """

    id: str
    label: str
    units: int
    periods: int
    phi: float
    outcome: Literal["common", "rare"] = "common"
    treated: int = 12

    @property
    def rule(self) -> HeadlineRule:
        """The product's rule for so many clusters."""
        return headline_interval(self.units, self.treated)

    def draw(self, replication: int, seed: int) -> list[Answer]:
        """Return the answers of one replication."""
        setting = setting_of(self.outcome, self.periods)
        first = pd.Period(setting.first, "M")
        rare = self.outcome == "rare"
        drawn = staggered_panel(
            seed,
            setting,
            units=self.units,
            adoption={str(first + self.periods * sixths // 6): 4 for sixths in (2, 3, 4)},
            effect=Effect(-0.2, -0.01, scale="log") if rare else Effect(-0.7, growth=-0.04),
            variation=variation_of(self.phi),
        )
        strata, units = prepare(drawn, setting)
        if rare:
            return _counts(drawn, units)
        says = can_say(strata, self.units, self.treated)
        return [
            *(
                answer
                for measure in ("rate", "gap")
                for answer in _rates(drawn, measure_panel(units, measure), measure, says)
            ),
            _band(drawn, measure_panel(units, "rate"), says),
        ]


def _rates(drawn: Synthetic, panel: pd.DataFrame, measure: str, says: bool) -> list[Answer]:
    """Return the average effects over exposed cells and over event times, t on units − 1."""
    method = "callaway-santanna"
    fit = _fitted(panel)

    def overall(kind: Kind) -> Contrast:
        if isinstance(fit, DesignError):
            raise fit
        found = fit.aggregate(kind, draws=2).overall
        return t_contrast(found.estimate, found.std_error, fit.n_units - 1)

    kinds: dict[Kind, str] = {"simple": ESTIMAND, "dynamic": "average over event times"}
    return [
        judged(
            measure,
            words,
            method,
            drawn.true_effect(
                estimand=kind,
                measure=measure,
                stratum="all" if measure == "rate" else "",
                weighting="unit" if measure == "rate" else "denominator",
            ),
            lambda kind=kind: overall(kind),
            can_say=lambda _: says,
        )
        for kind, words in kinds.items()
    ]


def _fitted(panel: pd.DataFrame) -> GroupTimeEffects | DesignError:
    try:
        return callaway_santanna(panel, outcome="value", control_group="not-yet-treated")
    except DesignError as error:
        return error


def _band(drawn: Synthetic, panel: pd.DataFrame, says: bool) -> Answer:
    """The band that is to hold the effects of all event times at once."""
    estimand, method = "all event times at once", "callaway-santanna"
    fit = _fitted(panel)
    if isinstance(fit, DesignError):
        return Answer("rate", estimand, method, 0.0)
    table = fit.aggregate("dynamic", draws=2_000).effects.set_index("event_time")
    rows = drawn.estimands
    rows = rows[
        (rows["estimand"] == "event-time")
        & (rows["measure"] == "rate")
        & (rows["stratum"] == "all")
        & (rows["weighting"] == "unit")
    ]
    truth = pd.Series(rows["effect"].to_numpy(float), rows["event_time"].astype(int))
    after = table.loc[truth.index]
    table = table[table["std_error"] > 0]
    truths = truth.reindex(table.index, fill_value=0.0)
    held = (table["band_low"] <= truths) & (truths <= table["band_high"])
    return Answer(
        "rate",
        estimand,
        method,
        truth=0.0,
        low=-float((after["band_high"] - after["band_low"]).median()) / 2,
        high=float((after["band_high"] - after["band_low"]).median()) / 2,
        covered=bool(held.all()),
        detected=bool(((after["band_high"] < 0) | (after["band_low"] > 0)).any()),
        state="published" if says else "cannot say",
    )


def _counts(drawn: Synthetic, units: pd.DataFrame) -> list[Answer]:
    method = "poisson-etwfe"
    rows = drawn.estimands
    row = rows[
        (rows["estimand"] == "simple")
        & (rows["measure"] == "rate")
        & (rows["stratum"] == "all")
        & (rows["weighting"] == "denominator")
    ].iloc[0]
    fit: CountEffects | DesignError
    try:
        fit = poisson_etwfe(
            units, events="events", exposure="births", per=drawn.truth["per"], unit="lmns"
        )
    except DesignError as error:
        fit = error

    def fitted() -> CountEffects:
        if isinstance(fit, DesignError):
            raise fit
        return fit

    return [
        judged(
            "count", "average effect", method, float(row["effect"]), lambda: fitted().difference
        ),
        judged(
            "count",
            "average effect, ratio",
            method,
            float(row["observed"] / row["counterfactual"]),
            lambda: fitted().ratio,
            no_effect=1.0,
        ),
    ]
