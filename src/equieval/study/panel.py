"""The panel that a comparison of units analyses, and what it must satisfy.

One row per unit and period: the outcome's rate, or a measure of the inequality within the unit.
For measures that are linear in the rates of the groups (gap, slope index, absolute concentration
index) a unit's own measure, at shares fixed before the start, is an outcome like any other:
every estimator and every interval for few units applies to it as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from equieval.data import Observations, parse_period
from equieval.errors import DesignError
from equieval.methods.gradient import measure_weights
from equieval.protocol import Evaluation
from equieval.protocol.design import StaggeredDifferenceInDifferences
from equieval.study.counting import NOTHING, Counting
from equieval.study.covariates import levels_before, refuse_uncarried
from equieval.study.groups import compared_levels, direction
from equieval.study.panel_options import (
    Comparative,
    comparative,
    counting_of,
    refuse_outside,
    refuse_robustness_outside,
    refuse_unknown_units,
)
from equieval.study.recorded import recorded_periods
from equieval.study.series import label

LEAST_CONTROLS = 2


@dataclass(frozen=True)
class PanelDesign:
    """Who is compared with whom, when the intervention starts, and when its effect is judged.

    Attributes
    ----------
    unit : what a unit is ("trust").
    periods : every period of the window, up to the last one recorded.
    adoption : treated unit -> its first exposed period; complete units only.
    controls : units that are never treated, or where all are, those that start last; complete
        units only.
    horizon : the last period that the headline effect averages over.
    excluded : periods left out of every fit by the protocol.
    anticipation : periods before the start that count neither as before nor as after.
    left_out : ``unit, arm, reason``: units that are not compared, and why.
    counting : who counts how much, and what is adjusted for.
    covariates : by unit, the level before the start of every covariate.
    """

    unit: str
    periods: pd.PeriodIndex
    adoption: Mapping[str, pd.Period]
    controls: tuple[str, ...]
    horizon: pd.Period
    excluded: tuple[pd.Period, ...] = ()
    anticipation: int = 0
    left_out: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=["unit", "arm", "reason"])
    )
    counting: Counting = NOTHING
    covariates: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def units(self) -> tuple[str, ...]:
        """Treated units, then controls."""
        return (*self.adoption, *self.controls)

    @property
    def start(self) -> pd.Period:
        """The first period in which any unit is exposed."""
        return min(self.adoption.values())

    @property
    def staggered(self) -> bool:
        """Whether units start at different times."""
        return len(set(self.adoption.values())) > 1

    def to_horizon(self) -> PanelDesign:
        """Return the design up to the horizon: what the headline effect is estimated on."""
        return replace(self, periods=self.periods[self.periods <= self.horizon])

    def starting(self, start: pd.Period) -> PanelDesign:
        """Return the design as if all treated units had started then."""
        return replace(self, adoption=dict.fromkeys(self.adoption, start))

    def before_the_start(self, start: pd.Period) -> PanelDesign:
        """Return the periods before anybody is exposed, with a start that never was."""
        earlier = self.periods[self.periods < self.start - self.anticipation]
        return replace(self.starting(start), periods=earlier, horizon=earlier[-1])

    def without(self, *units: str) -> PanelDesign:
        """Return the design without some units."""
        return replace(
            self,
            adoption={u: p for u, p in self.adoption.items() if u not in units},
            controls=tuple(u for u in self.controls if u not in units),
        )

    def without_periods(self, *periods: pd.Period) -> PanelDesign:
        """Return the design with further periods left out."""
        return replace(self, excluded=(*self.excluded, *periods))

    def marked(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of the window with ``treated, exposed, first_exposed, anticipated``.

        Periods that the protocol leaves out are not in it; nor, with one start, those in which
        an effect may be anticipated. With several starts these are marked ``anticipated``.
        """
        rows = rows[rows["unit"].isin(self.units) & rows["period"].isin(self.periods)]
        rows = rows[~rows["period"].isin(list(self.excluded))]
        first = pd.Series(
            [self.adoption.get(unit, pd.NaT) for unit in rows["unit"]],
            index=rows.index,
            dtype=rows["period"].dtype,
        )
        earlier = rows["period"] + self.anticipation
        rows = rows.assign(
            first_exposed=first,
            treated=first.notna().astype(float),
            exposed=(rows["period"] >= first).fillna(value=False).astype(float),
            anticipated=(earlier >= first) & (rows["period"] < first) & first.notna(),
        )
        if not self.staggered:
            rows = rows[~rows["period"].isin(rows.loc[rows["anticipated"], "period"])]
        if len(self.covariates.columns):
            rows = rows.join(self.covariates, on="unit")
        return rows.reset_index(drop=True)


def panel_design(evaluation: Evaluation, observations: Observations) -> PanelDesign:
    """Read the design from the parameters and hold it against the data.

    A unit with a figure missing anywhere in the window (over all groups, or in one of them) is
    left out: comparing it in some periods only would let its absence look like an effect.

    Raises
    ------
    DesignError : a unit or period that the data do not have, a unit of the data that the design
        does not name, an option that this version does not fit, or nobody left to compare.
    """
    design = comparative(evaluation)
    primary, frequency = evaluation.outcomes.primary, observations.frequency
    covered = recorded_periods(observations, primary.indicator)
    first = parse_period(design.first_period, frequency) if design.first_period else covered[0]
    last = parse_period(design.last_period, frequency) if design.last_period else covered[-1]
    refuse_outside(covered, first, "design.first_period")
    refuse_outside(covered, last, "design.last_period")
    periods = pd.period_range(first, last, freq=covered.freqstr)
    horizon = parse_period(primary.horizon, frequency)
    refuse_outside(periods, horizon, "outcomes.primary.horizon")
    adoption = {unit: parse_period(name, frequency) for unit, name in _starts(design).items()}
    key = "design.adoption" if hasattr(design, "adoption") else "design.start"
    for start in dict.fromkeys(adoption.values()):
        refuse_outside(periods, start, key)
    _refuse_nothing_before(periods, adoption, key)
    refuse_unknown_units(design, observations)
    refuse_robustness_outside(
        evaluation,
        observations,
        periods,
        horizon=horizon,
        staggered=len(set(adoption.values())) > 1,
    )
    excluded = tuple(parse_period(name, frequency) for name in design.exclude_periods)
    for period in excluded:
        refuse_outside(periods, period, "design.exclude_periods")
    controls = tuple(design.controls)
    if not controls:
        controls = _last_to_start(adoption)
        periods = until_the_last_start(periods, horizon, adoption, design.anticipation)
        adoption = {unit: start for unit, start in adoption.items() if unit not in controls}
    found = PanelDesign(
        unit=design.unit,
        periods=periods,
        adoption=adoption,
        controls=controls,
        horizon=horizon,
        excluded=excluded,
        anticipation=design.anticipation,
        left_out=pd.DataFrame(
            [(entry.unit, "left out", entry.reason) for entry in design.exclusions],
            columns=["unit", "arm", "reason"],
        ),
        counting=counting_of(evaluation),
    )
    return with_covariates(_complete(found, observations, primary.indicator), observations)


def with_covariates(design: PanelDesign, observations: Observations) -> PanelDesign:
    """Return the design with what its units were like before any effect may show.

    Raises
    ------
    DesignError : covariates that are missing, or that the units cannot carry.
    """
    before = design.periods[design.periods < design.start - design.anticipation]
    covariates = levels_before(
        observations, design.counting.covariates, design.units,
        before.difference(list(design.excluded)),
    )  # fmt: skip
    if design.counting.covariates:
        refuse_uncarried(covariates, design.adoption, design.controls)
    return replace(design, covariates=covariates)


def rate_panel(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return the rate over all groups, one row per unit and period.

    Returns
    -------
    DataFrame ``unit, period, value, weight, numerator, denominator, first_exposed, treated,
    exposed, anticipated``; ``value`` in the indicator's unit, ``weight`` its denominator.
    """
    rows = observations.overall(outcome)
    rows = rows.assign(value=rows["rate"], weight=rows["denominator"])
    return design.marked(rows)


def strata_panel(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return the rates by group, one row per unit, period and stratum.

    Columns as those of `rate_panel` with ``stratum``.
    """
    rows = observations.strata(outcome)
    rows = rows.assign(value=rows["rate"], weight=rows["denominator"])
    return design.marked(rows)


def shares_before(
    evaluation: Evaluation, observations: Observations, design: PanelDesign
) -> pd.Series:
    """Return each level's share of the treated units' denominators before the first start."""
    rows = observations.strata(evaluation.outcomes.primary.indicator)
    rows = rows[rows["unit"].isin(list(design.adoption)) & (rows["period"] < design.start)]
    sums = rows.groupby("stratum")["denominator"].sum()
    sums = sums.reindex(list(compared_levels(evaluation, observations)))
    return sums / sums.sum()


def measure_panel(
    evaluation: Evaluation,
    observations: Observations,
    measure: str,
    design: PanelDesign,
    *,
    outcome: str | None = None,
    shares: pd.Series | None = None,
) -> pd.DataFrame:
    """Return a linear inequality measure within each unit, one row per unit and period.

    Parameters
    ----------
    measure : ``gap``, ``sii`` or ``concentration-index-absolute``.
    shares : of the levels; by default those of the treated units before the start.

    Returns
    -------
    DataFrame as that of `rate_panel`; ``value`` is positive where the most disadvantaged are
    worse off, ``weight`` the denominator of the groups that the measure uses.
    """
    outcome = outcome or evaluation.outcomes.primary.indicator
    levels = list(compared_levels(evaluation, observations))
    shares = shares_before(evaluation, observations, design) if shares is None else shares
    weights = measure_weights(measure, shares.to_numpy(float), polarity=direction(outcome))
    rows = observations.strata(outcome)
    wide = rows.pivot(index=["unit", "period"], columns="stratum", values=["rate", "denominator"])
    used = [level for level, weight in zip(levels, weights, strict=True) if weight]
    frame = pd.DataFrame(
        {
            "value": wide["rate"][used].to_numpy(float) @ weights[weights != 0],
            "weight": wide["denominator"][used].to_numpy(float).sum(axis=1),
        },
        index=wide.index,
    )
    return design.marked(frame.reset_index())


def pooled(observations: Observations, units: tuple[str, ...], name: str) -> Observations:
    """Return the observations of several units summed as one, named ``name``.

    A period in which one of them is missing is missing.
    """
    rows = observations.table[observations.table["unit"].isin(units)]
    keys = ["period", observations.dimension, "indicator"]
    sums = rows.groupby(keys, sort=False)[["numerator", "denominator"]].sum(min_count=len(units))
    table = sums.reset_index().assign(unit=name)[list(observations.table.columns)]
    table["period"] = table["period"].astype(observations.table["period"].dtype)
    return replace(observations, table=table)


def _starts(design: Comparative) -> Mapping[str, str]:
    if isinstance(design, StaggeredDifferenceInDifferences):
        return design.adoption
    return dict.fromkeys(design.treated, design.start)


def _refuse_nothing_before(
    periods: pd.PeriodIndex, adoption: Mapping[str, pd.Period], where: str
) -> None:
    """Refuse units that are treated from the first period on."""
    always = [unit for unit, start in adoption.items() if start == periods[0]]
    if always:
        raise DesignError(
            f"treated from the first period on ({label(periods[0])}), so that nothing is known of "
            f"them before: {', '.join(always[:6])}",
            where=where,
            remedy="supply earlier data, or leave them out under design.exclusions",
        )


def _last_to_start(adoption: Mapping[str, pd.Period]) -> tuple[str, ...]:
    """Return the units that start last: untreated until then, and compared with until then."""
    return tuple(unit for unit, start in adoption.items() if start == max(adoption.values()))


def until_the_last_start(
    periods: pd.PeriodIndex,
    horizon: pd.Period,
    adoption: Mapping[str, pd.Period],
    anticipation: int,
) -> pd.PeriodIndex:
    """Return the periods in which somebody is left to compare with, where all units start."""
    end = max(adoption.values()) - anticipation
    if horizon >= end:
        raise DesignError(
            f"all units start in the end: from {label(end)} on nobody is left to compare with",
            where="outcomes.primary.horizon",
            remedy=f"set it to {label(end - 1)} or earlier, or name units that never start as "
            "design.controls",
        )
    return periods[periods < end]


def _complete(design: PanelDesign, observations: Observations, outcome: str) -> PanelDesign:
    """Return the design without units that miss a figure; refuse when too few are left."""
    cells = pd.concat(
        [observations.overall(outcome), observations.strata(outcome)], ignore_index=True
    )
    cells = cells[cells["period"].isin(design.periods)]
    cells = cells[~cells["period"].isin(list(design.excluded))]
    incomplete = cells[cells["rate"].isna() & cells["unit"].isin(design.units)]
    reasons = [
        (
            unit,
            "treated" if unit in design.adoption else "comparison",
            _missing_words(rows),
        )
        for unit, rows in incomplete.groupby("unit")
    ]
    kept = design.without(*(str(unit) for unit, _, _ in reasons))
    left_out = pd.concat(
        [
            design.left_out,
            pd.DataFrame(reasons, columns=["unit", "arm", "reason"]),
        ],
        ignore_index=True,
    )
    if not kept.adoption or len(kept.controls) < LEAST_CONTROLS:
        arm = "treated" if not kept.adoption else "comparison"
        words = "; ".join(f"{unit}: {reason}" for unit, _, reason in reasons[:4])
        raise DesignError(
            f"too few {arm} units are left with a figure in every period"
            + (f" ({words}{' …' if len(reasons) > 4 else ''})" if words else ""),
            where="design",
            remedy="supply the missing figures, join groups or periods in which some have none, "
            "or name more units",
        )
    return replace(kept, left_out=left_out)


def _missing_words(rows: pd.DataFrame) -> str:
    periods = sorted(set(rows["period"]))
    groups = sorted(set(rows["stratum"].dropna())) if "stratum" in rows else []
    where = f" (group {', '.join(str(group) for group in groups[:3])})" if groups else ""
    listed = ", ".join(label(period) for period in periods[:3])
    return f"no figure for {listed}" + (" …" if len(periods) > 3 else "") + where
