"""Every field of a parameters file that bears on a single series changes something or is refused.

One table over the fields of the blocks `outcomes.primary`, `equity`, `design` and `robustness`:
either the value changes the estimates, or it is refused by the name of its key. No field is
read and left without effect.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from evaluations import all_estimates, read, write_made_up

from equieval.errors import DesignError
from equieval.protocol.design import InterruptedTimeSeries, Robustness
from equieval.protocol.outcomes import Equity, Primary
from equieval.study.baseline import baseline
from equieval.study.its import inequality_effect
from equieval.study.its_rows import fit_series
from equieval.study.rates_by_period import outcome_series
from equieval.study.series import SeriesDesign, label, series_design

Blocks = dict[str, Any]
Change = Callable[[Blocks], object]
MADE = {"births_per_period": 90_000, "gap_level": -1.0, "periods": 60, "start": "2015-01"}


def setting(path: str, value: object) -> Change:
    """Set one key, by its dotted path."""

    def change(blocks: Blocks) -> None:
        *above, key = path.split(".")
        inner = blocks
        for name in above:
            inner = inner[name]
        inner[key] = value

    return change


def both(*changes: Change) -> Change:
    def change(blocks: Blocks) -> None:
        for each in changes:
            each(blocks)

    return change


def unranked(blocks: Blocks) -> None:
    """Broad ethnic groups instead of deciles: the same labels, without a rank."""
    blocks["equity"] = {
        "dimension": "ethnic-group", "levels": [str(level) for level in range(1, 11)],
        "ordered": False, "measures": ["gap"],
    }  # fmt: skip
    blocks["data"]["sources"][0]["dimensions"] = {"ethnic-group": "imd_decile"}
    blocks["outcomes"]["primary"] |= {"measure": "gap", "reference_group": "10"}


def least_first(blocks: Blocks) -> None:
    blocks["equity"] |= {
        "levels": [str(level) for level in range(10, 0, -1)],
        "direction": "1-is-least-deprived",
    }


def of_many_units(blocks: Blocks) -> None:
    """Name a column of units that holds others than the design's."""
    blocks["data"]["sources"][0]["columns"]["unit"] = "period"


def with_control_outcome(blocks: Blocks) -> None:
    """Take the same counts for an outcome that the intervention cannot move."""
    indicators = blocks["data"]["sources"][0]["indicators"]
    indicators["neonatal-mortality"] = dict(indicators["stillbirth"])
    blocks["robustness"]["control_outcomes"] = [
        {"indicator": "neonatal-mortality", "because": "Nobody served them."}
    ]


CHANGES: dict[str, Change] = {
    "outcomes.primary.measure": setting("outcomes.primary.measure", "gap"),
    "outcomes.primary.horizon": setting("outcomes.primary.horizon", "2018-10"),
    "equity.grouping": setting("equity.grouping", "quintiles"),
    "equity.measures": setting("equity.measures", ["sii"]),
    "design.first_period": setting("design.first_period", "2015-06"),
    "design.last_period": setting("design.last_period", "2019-06"),
    "design.start": setting("design.start", "2017-06"),
    "design.exclude_periods": setting("design.exclude_periods", ["2017-07", "2017-08"]),
    "design.impact": setting("design.impact", "level"),
    "design.seasonality": setting("design.seasonality", "fourier-1"),
    "robustness.placebo_starts": setting("robustness.placebo_starts", []),
    "robustness.alternative_starts": setting("robustness.alternative_starts", ["2017-09"]),
    "robustness.control_outcomes": with_control_outcome,
    "robustness.placebo_groups": setting(
        "robustness.placebo_groups",
        [{"name": "Spared", "levels": ["9", "10"], "because": "Nobody served them."}],
    ),
    "robustness.leave_one_out": setting("robustness.leave_one_out", True),
    "robustness.exclude_periods": setting("robustness.exclude_periods", [["2018-01"]]),
    "robustness.newey_west_lag": setting("robustness.newey_west_lag", 7),
    "design.lag": setting("design.lag", 3),
    "design.phase_in": setting("design.phase_in", 3),
    "design.other_interruptions": setting(
        "design.other_interruptions", [{"name": "pandemic", "period": "2018-01"}]
    ),
    "robustness.sustained_at, retention_margin": both(
        setting("robustness.sustained_at", [6, 12]), setting("robustness.retention_margin", 0.5)
    ),
}
REFUSED: dict[str, tuple[Change, str]] = {
    "outcomes.primary.measure": (
        both(setting("outcomes.primary.measure", "ratio"),
             setting("outcomes.primary.scale", "relative")),
        "'ratio' is not fitted",
    ),
    "outcomes.primary.weighting": (
        setting("outcomes.primary.weighting", "equal"), "'equal' is not fitted",
    ),
    "outcomes.primary.reference_group": (
        setting("outcomes.primary.reference_group", "10"), "reference_group '10' is not used",
    ),
    "equity.ordered": (unranked, "'ethnic-group' is not ordered"),
    "design.unit": (
        of_many_units, "the design is about 'England', the data about '2015-01', '2015-02'",
    ),
    "design.start": (
        both(setting("design.start", "2035-01"), setting("outcomes.primary.horizon", "2035-02")),
        "outside the data (2015-01 to 2019-12)",
    ),
    "outcomes.primary.horizon": (
        setting("outcomes.primary.horizon", "2030-01"), "to the end of the data (2019-12)",
    ),
    "design.exclude_periods": (
        setting("design.exclude_periods", ["1999-01"]), "1999-01 lies outside the data",
    ),
    "robustness.placebo_starts": (
        setting("robustness.placebo_starts", ["1999-01"]), "1999-01 lies outside the data",
    ),
    "robustness.alternative_starts": (
        setting("robustness.alternative_starts", ["2019-11"]), "comes after the horizon (2018-07)",
    ),
    "robustness.exclude_periods": (
        setting("robustness.exclude_periods", [["2035-01"]]), "2035-01 lies outside the data",
    ),
}  # fmt: skip
# Said in the report, without bearing on a number; and a scale that follows from the measure.
IN_WORDS = {
    "design.type", "design.selection", "equity.dimension", "equity.edition",
    "equity.edition_recalled", "equity.missing_levels", "outcomes.primary.scale",
    "outcomes.primary.indicator",
}  # fmt: skip


def estimates_of(root: Path, id: str, change: Change | None = None) -> pd.DataFrame:
    path, _ = write_made_up(root, id, change, after=12, **MADE)
    return all_estimates(*read(root, path)).drop(columns="page")


@pytest.fixture(scope="module")
def unchanged(project: Path) -> pd.DataFrame:
    return estimates_of(project, "as-it-is")


@pytest.mark.parametrize("key", CHANGES)
def test_a_field_that_is_accepted_changes_the_estimates(
    project: Path, unchanged: pd.DataFrame, key: str
) -> None:
    changed = estimates_of(project, "changed", CHANGES[key])
    assert not changed.equals(unchanged)


@pytest.mark.parametrize("key", REFUSED)
def test_a_value_that_cannot_be_honoured_is_refused_by_the_name_of_its_key(
    project: Path, key: str
) -> None:
    change, told = REFUSED[key]
    path, _ = write_made_up(project, "refused", change, after=12, **MADE)
    evaluation, observations = read(project, path)
    with pytest.raises(DesignError) as refusal:
        series_design(evaluation, observations)
    assert told in refusal.value.what
    assert refusal.value.where == key
    assert refusal.value.remedy


def test_no_field_of_the_schema_is_left_without_a_test_here() -> None:
    blocks = {
        "outcomes.primary": Primary, "equity": Equity, "design": InterruptedTimeSeries,
        "robustness": Robustness,
    }  # fmt: skip
    fields = {f"{block}.{name}" for block, model in blocks.items() for name in model.model_fields}
    covered = {*CHANGES, *REFUSED, *IN_WORDS, "equity.levels", "equity.direction"}
    covered |= {"robustness.sustained_at", "robustness.retention_margin"}
    # The protocol refuses these for a series, or where nobody's group is missing.
    covered |= {"robustness.honest", "robustness.missing_plausibility"}
    # Of series of several units: test_series_units.py.
    covered |= {"design.units", "design.exclusions"}
    assert fields - covered == set()


def test_the_order_of_levels_decides_who_is_worse_off(
    project: Path, unchanged: pd.DataFrame
) -> None:
    """The same counts read with 1 as least deprived: every gap has the other sign.

    An effect on it is then refused: "narrower" would say the opposite of what it means.
    """
    path, _ = write_made_up(project, "turned", least_first, after=12, **MADE)
    turned = read(project, path)

    def gap(estimates: pd.DataFrame) -> float:
        found = estimates[(estimates["estimand"] == "gap") & (estimates["time"] == "2015-01")]
        return float(found["estimate"].iloc[0])

    assert gap(baseline(*turned).estimates) == pytest.approx(-gap(unchanged))
    with pytest.raises(DesignError, match="fared better") as refusal:
        inequality_effect(*turned)
    assert refusal.value.where == "equity.levels"


def test_excluded_periods_leave_the_fit_and_keep_their_place_in_time(project: Path) -> None:
    change = setting("design.exclude_periods", ["2017-08"])
    path, _ = write_made_up(project, "excluded", change, after=12, **MADE)
    evaluation, observations = read(project, path)
    design = series_design(evaluation, observations)
    values = outcome_series(observations, "stillbirth")
    assert design.points(values) == (30, 29)
    assert len(design.matrix()) == 60


def test_an_interruption_that_passed_has_a_level_while_it_lasted(project: Path) -> None:
    """In one period that is a point of its own: the same as leaving the period out."""
    at = {"name": "strike", "period": "2018-01"}

    def fitted(change: Change) -> tuple[pd.Series, SeriesDesign]:
        path, _ = write_made_up(project, "passed", change, after=12, **MADE)
        evaluation, observations = read(project, path)
        design = series_design(evaluation, observations)
        fit = fit_series(outcome_series(observations, "stillbirth"), design)
        return pd.concat([fit.params, fit.std_error], keys=["estimate", "error"]), design

    other = "design.other_interruptions"
    for_a_month, _ = fitted(setting(other, [at | {"until": "2018-01"}]))
    without, _ = fitted(setting("design.exclude_periods", ["2018-01"]))
    pd.testing.assert_series_equal(for_a_month[without.index], without, rtol=1e-4)
    _, longer = fitted(setting(other, [at | {"until": "2018-03"}]))
    matrix = longer.matrix()
    lasted = [label(period) for period in matrix.index[matrix["during strike"] == 1]]
    assert lasted == ["2018-01", "2018-02", "2018-03"]
    assert "since strike" not in matrix


@pytest.mark.parametrize(
    ("other", "excluded", "told"),
    [
        ({"period": "2015-01", "until": "2015-03"}, [], "'strike' begins with the series"),
        ({"period": "2018-01", "until": "2018-02"}, ["2018-01", "2018-02"], "do not tell 'strike'"),
        ({"period": "2019-12"}, [], "do not tell 'strike'"),
    ],
)
def test_an_interruption_that_the_series_cannot_show_is_refused_by_its_name(
    project: Path, other: dict[str, str], excluded: list[str], told: str
) -> None:
    change = both(
        setting("design.other_interruptions", [{"name": "strike", **other}]),
        setting("design.exclude_periods", excluded),
    )
    path, _ = write_made_up(project, "unseen", change, after=12, **MADE)
    with pytest.raises(DesignError, match=told) as refusal:
        series_design(*read(project, path))
    assert refusal.value.where == "design.other_interruptions"


@pytest.mark.parametrize(
    ("period", "written"),
    [
        (pd.Period("2019-03", freq="M"), "2019-03"),
        (pd.Period("2019Q3"), "2019-Q3"),
        (pd.Period("2019", freq="Y"), "2019"),
        (pd.Period(year=2020, freq="Y-MAR"), "2019/20"),
    ],
)
def test_a_period_is_written_as_parameters_write_it(period: pd.Period, written: str) -> None:
    assert label(period) == written


def test_another_start_leaves_periods_horizon_and_model_as_they_are() -> None:
    periods = pd.period_range("2010", "2023", freq="Y")
    start, later, horizon = (pd.Period(year, freq="Y") for year in ("2016", "2017", "2019"))
    design = SeriesDesign(periods, start, horizon, impact="level")
    other = design.starting(later)
    assert (other.start, other.horizon, other.impact) == (later, horizon, "level")
    assert other.matrix().columns.tolist() == design.matrix().columns.tolist()
