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
from equieval.errors import DesignError, did_you_mean
from equieval.methods.gradient import measure_weights
from equieval.protocol import Evaluation
from equieval.protocol.design import (
    DifferenceInDifferences,
    StaggeredDifferenceInDifferences,
    SyntheticDifferenceInDifferences,
)
from equieval.study.groups import compared_levels, direction
from equieval.study.series import label

Comparative = (
    DifferenceInDifferences | StaggeredDifferenceInDifferences | SyntheticDifferenceInDifferences
)
LEAST_CONTROLS = 2


@dataclass(frozen=True)
class PanelDesign:
    """Who is compared with whom, when the intervention starts, and when its effect is judged.

    Attributes
    ----------
    unit : what a unit is ("trust").
    periods : every period of the window, up to the last one recorded.
    adoption : treated unit -> its first exposed period; complete units only.
    controls : units that are never treated; complete units only.
    horizon : the last period that the headline effect averages over.
    excluded : periods left out of every fit by the protocol.
    anticipation : periods before the start that count neither as before nor as after.
    left_out : ``unit, arm, reason``: units that are not compared, and why.
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
        earlier = self.periods[self.periods < self.start]
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
        """Return the rows of the window with ``treated, exposed, first_exposed``.

        Periods that the protocol leaves out, and those in which an effect may be anticipated,
        are not in it.
        """
        rows = rows[rows["unit"].isin(self.units) & rows["period"].isin(self.periods)]
        rows = rows[~rows["period"].isin(list(self.excluded))]
        first = pd.Series(
            [self.adoption.get(unit, pd.NaT) for unit in rows["unit"]],
            index=rows.index,
            dtype=rows["period"].dtype,
        )
        rows = rows.assign(
            first_exposed=first,
            treated=first.notna().astype(float),
            exposed=(rows["period"] >= first).fillna(value=False).astype(float),
        )
        if not self.anticipation:
            return rows.reset_index(drop=True)
        earlier = rows["period"] + self.anticipation
        anticipated = (earlier >= first) & (rows["exposed"] == 0) & first.notna()
        return rows[~anticipated].reset_index(drop=True)


def panel_design(evaluation: Evaluation, observations: Observations) -> PanelDesign:
    """Read the design from the parameters and hold it against the data.

    A unit with a figure missing anywhere in the window (over all groups, or in one of them) is
    left out: comparing it in some periods only would let its absence look like an effect.

    Raises
    ------
    DesignError : a unit or period that the data do not have, a unit of the data that the design
        does not name, an option that this version does not fit, or nobody left to compare.
    """
    design = _comparative(evaluation)
    primary, frequency = evaluation.outcomes.primary, observations.frequency
    covered = observations.periods(primary.indicator)
    if not len(covered):
        raise DesignError(
            f"no figures are recorded for '{primary.indicator}'",
            where="outcomes.primary.indicator",
            remedy="name a source that provides its numerator and denominator",
        )
    first = parse_period(design.first_period, frequency) if design.first_period else covered[0]
    last = parse_period(design.last_period, frequency) if design.last_period else covered[-1]
    periods = pd.period_range(first, last, freq=covered.freqstr)
    horizon = parse_period(primary.horizon, frequency)
    _refuse_outside(periods, horizon, "outcomes.primary.horizon")
    adoption = {unit: parse_period(name, frequency) for unit, name in _starts(design).items()}
    key = "design.adoption" if hasattr(design, "adoption") else "design.start"
    for start in dict.fromkeys(adoption.values()):
        _refuse_outside(periods, start, key)
    _refuse_unknown_units(design, observations)
    excluded = tuple(parse_period(name, frequency) for name in design.exclude_periods)
    for period in excluded:
        _refuse_outside(periods, period, "design.exclude_periods")
    found = PanelDesign(
        unit=design.unit,
        periods=periods,
        adoption=adoption,
        controls=tuple(design.controls),
        horizon=horizon,
        excluded=excluded,
        anticipation=design.anticipation,
        left_out=pd.DataFrame(
            [(entry.unit, "left out", entry.reason) for entry in design.exclusions],
            columns=["unit", "arm", "reason"],
        ),
    )
    return _complete(found, observations, primary.indicator)


def rate_panel(observations: Observations, outcome: str, design: PanelDesign) -> pd.DataFrame:
    """Return the rate over all groups, one row per unit and period.

    Returns
    -------
    DataFrame ``unit, period, value, weight, numerator, denominator, first_exposed, treated,
    exposed``; ``value`` in the indicator's unit, ``weight`` its denominator.
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


def _comparative(evaluation: Evaluation) -> Comparative:
    """Return the design block if this version fits every option in it."""
    design = evaluation.design
    if not isinstance(design, Comparative):
        raise DesignError(
            f"design '{design.type}' compares no units",
            where="design.type",
            remedy="use the pages of that design",
        )
    if design.cluster is not None and design.cluster != design.unit:
        raise DesignError(
            f"units are not treated in clusters of '{design.cluster}' in this version: each unit "
            "is a cluster of its own",
            where="design.cluster",
            remedy="leave it out, or make the cluster the unit",
        )
    if design.covariates:
        raise DesignError(
            "this version adjusts for no covariates in a report",
            where="design.covariates",
            remedy="leave them out; say in design.selection how the treated differ",
        )
    direction(evaluation.outcomes.primary.indicator)
    return design


def _starts(design: Comparative) -> Mapping[str, str]:
    if isinstance(design, StaggeredDifferenceInDifferences):
        return design.adoption
    return dict.fromkeys(design.treated, design.start)


def _refuse_outside(periods: pd.PeriodIndex, period: pd.Period, where: str) -> None:
    if period not in periods:
        raise DesignError(
            f"{label(period)} lies outside the data ({label(periods[0])} to {label(periods[-1])})",
            where=where,
            remedy="correct it, or supply data around it",
        )


def _refuse_unknown_units(design: Comparative, observations: Observations) -> None:
    """Refuse units that are named but not there, and units that are there but not named."""
    named = {
        "design.adoption" if hasattr(design, "adoption") else "design.treated": design.treated,
        "design.controls": design.controls,
        "design.exclusions": tuple(entry.unit for entry in design.exclusions),
    }
    for where, units in named.items():
        for unit in units:
            if unit not in observations.units:
                raise DesignError(
                    f"the data have no {design.unit} '{unit}'",
                    where=where,
                    remedy=did_you_mean(unit, observations.units),
                )
    known = {unit for units in named.values() for unit in units}
    forgotten = [unit for unit in observations.units if unit not in known]
    if forgotten:
        listed = ", ".join(forgotten[:6]) + (" …" if len(forgotten) > 6 else "")
        raise DesignError(
            f"the data have units that the design does not name: {listed}",
            where="design.controls",
            remedy="name them as controls, or leave them out under design.exclusions with a reason",
        )


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
    if not kept.adoption or len(kept.controls) + kept.staggered < LEAST_CONTROLS:
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
