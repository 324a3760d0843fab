"""Panels of units that join at three dates, of the grid: rates and counts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import pandas as pd

from equieval.data.synthetic import Effect, Synthetic, staggered_panel
from equieval.errors import DesignError
from equieval.methods.cohort_events import cohort_event_study
from equieval.methods.contrasts import Contrast, t_contrast
from equieval.methods.event_blocks import effects_of, in_blocks
from equieval.methods.gap_event_study import pretrend_test
from equieval.methods.honest import EventStudy
from equieval.methods.inference import HeadlineRule, headline_interval
from equieval.methods.staggered import Aggregation, callaway_santanna
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

METHOD: Final = "callaway-santanna"
PUBLISHED: Final = "influence-functions"
OVER_TIMES: Final = "average over event times"
ALL_AT_ONCE: Final = "all event times at once"
FIRST_QUARTER: Final = "first quarter"
LAST_QUARTER: Final = "last quarter"
BEFORE: Final = "no difference before the start"
#: What the figure of a report shows beside their average.
SHOWN: Final = (ALL_AT_ONCE, FIRST_QUARTER, LAST_QUARTER, BEFORE)
#: Months are shown in quarters, as in a report of months.
QUARTER: Final = 3
CONTROLS: Final = "not-yet-treated"
BAND_DRAWS: Final = 2_000


@dataclass(frozen=True)
class StaggeredCell:
    """Units of which some join after a third, a half and two thirds of the months.

    ``together`` join each time. The effect grows with time since exposure. ``outcome``: as for a
    panel with one start; for the rare one effects are ratios and the model is Poisson.
    """

    id: str
    label: str
    units: int
    periods: int
    phi: float
    outcome: Literal["common", "rare"] = "common"
    together: int = 4

    @property
    def treated(self) -> int:
        """Units that join."""
        return 3 * self.together

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
            adoption={
                str(first + self.periods * sixths // 6): self.together for sixths in (2, 3, 4)
            },
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
        ]


def _rates(drawn: Synthetic, panel: pd.DataFrame, measure: str, says: bool) -> list[Answer]:
    """Return the average over exposed cells, errors by arm, and the event study in quarters.

    Beside it the published errors, t on units − 1.
    """

    @cache
    def fitted() -> Aggregation:
        fit = callaway_santanna(panel, outcome="value", control_group=CONTROLS)
        return fit.aggregate("simple", draws=2)

    def published() -> Contrast:
        found = fitted().overall
        return t_contrast(found.estimate, found.std_error, len(fitted().clusters) - 1)

    truth = drawn.true_effect(
        estimand="simple",
        measure=measure,
        stratum="all" if measure == "rate" else "",
        weighting="unit" if measure == "rate" else "denominator",
    )
    return [
        judged(
            measure, ESTIMAND, METHOD, truth, lambda: fitted().few_clusters, can_say=lambda _: says
        ),
        judged(measure, ESTIMAND, PUBLISHED, truth, published, can_say=lambda _: says),
        *_by_quarter(drawn, panel, measure, says),
    ]


def _by_quarter(drawn: Synthetic, panel: pd.DataFrame, measure: str, says: bool) -> list[Answer]:
    """Return what a report shows by time since the start: each quarter, all at once, before it.

    Of the gap only the average is held against the truth.
    """
    names = (OVER_TIMES,) if measure == "gap" else (OVER_TIMES, *SHOWN)
    try:
        study = in_blocks(
            cohort_event_study(panel, outcome="value", control_group=CONTROLS), QUARTER
        )
    except DesignError:
        return [Answer(measure, name, METHOD, 0.0) for name in names]
    truths = _true_quarters(drawn, measure, study)
    after = slice(study.n_before, None)
    weights = np.zeros(len(truths))
    weights[after] = 1 / study.n_after
    mean = t_contrast(
        float(weights @ study.estimates),
        float(np.sqrt(weights @ study.covariance @ weights)),
        study.df(weights),
    )
    average = judged(
        measure, OVER_TIMES, METHOD, float(weights @ truths), lambda: mean, can_say=lambda _: says
    )
    if measure == "gap":
        return [average]
    table = effects_of(study, draws=BAND_DRAWS).query("event_time != -1")
    low, high = (table[name].to_numpy() for name in ("band_low", "band_high"))
    shown = (table["reason"] == "").to_numpy()
    state = "published" if says and shown.any() else "cannot say"
    half = float(np.median((high - low)[after])) / 2
    band = Answer(
        measure,
        ALL_AT_ONCE,
        METHOD,
        truth=0.0,
        low=-half,
        high=half,
        covered=bool(((low <= truths) & (truths <= high))[shown].all()),
        detected=bool(((high < 0) | (low > 0))[after].any()),
        state=state,
    )
    passed = pretrend_test(study).p_value >= 0.05
    return [
        average,
        band,
        *(
            _one(table.iloc[place], float(truths[place]), measure, name, says)
            for place, name in ((study.n_before, FIRST_QUARTER), (-1, LAST_QUARTER))
        ),
        Answer(measure, BEFORE, METHOD, 0.0, covered=passed, detected=not passed, state=state),
    ]


def _one(row: pd.Series, truth: float, measure: str, name: str, says: bool) -> Answer:
    low, high = float(row["ci_low"]), float(row["ci_high"])
    return Answer(
        measure,
        name,
        METHOD,
        truth,
        float(row["estimate"]),
        low,
        high,
        covered=low <= truth <= high,
        detected=not low <= 0 <= high,
        state="published" if says and not row["reason"] else "cannot say",
    )


def _true_quarters(drawn: Synthetic, measure: str, study: EventStudy) -> np.ndarray:
    """Return the true effect in every quarter of the study, 0 before the start."""
    rows = drawn.estimands
    rows = rows[
        (rows["estimand"] == "event-time")
        & (rows["measure"] == measure)
        & (rows["stratum"] == ("all" if measure == "rate" else ""))
        & (rows["weighting"] == ("unit" if measure == "rate" else "denominator"))
    ]
    by_month = pd.Series(rows["effect"].to_numpy(float), rows["event_time"].astype(int))
    quarters = by_month.groupby(by_month.index // QUARTER).mean()
    return np.concatenate([np.zeros(study.n_before), quarters.loc[: study.n_after - 1]])


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
