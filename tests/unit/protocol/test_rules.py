"""Every rule between fields and blocks, broken once, with the message that it gives."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from equieval.protocol import Evaluation, InvalidParametersError

SOURCE = ("data", "sources", 0)
DECILES = [str(i) for i in range(1, 11)]

VOLUNTEERED = {"rule": "volunteered", "words": "They came forward"}
DID = {
    "type": "did",
    "unit": "LMNS",
    "start": "2016",
    "treated": ["A"],
    "controls": ["B", "C"],
    "selection": VOLUNTEERED,
}
STAGGERED = {
    "type": "staggered-did",
    "unit": "trust",
    "adoption": {"A": "2016", "B": "2017"},
    "controls": ["C"],
    "selection": VOLUNTEERED,
}
SYNTHETIC_DID = {**DID, "type": "synthetic-did"}
CONTROLLED = {
    "type": "controlled-its",
    "unit": "LMNS",
    "start": "2016",
    "treated": ["A"],
    "controls": ["B"],
}

# name: (changes as {path: value}, key of the problem, what it says, what to do)
BROKEN: dict[str, tuple[dict[tuple[Any, ...], Any], str, str, str]] = {
    "start before the data": (
        {("design", "start"): "2009"},
        "design.start",
        "2009 lies outside the analysis (2010 to 2020)",
        "widen design.first_period",
    ),
    "start after the data": (
        {("design", "start"): "2021"},
        "design.start",
        "2021 lies outside the analysis",
        "widen",
    ),
    "start is the first period": (
        {("design", "start"): "2010"},
        "design.start",
        "nothing is observed before the start (2010)",
        "begin the analysis earlier",
    ),
    "analysis ends before it begins": (
        {("design", "last_period"): "2009"},
        "design.last_period",
        "ends in 2009, before it begins (2010)",
        "swap",
    ),
    "horizon before the start": (
        {("outcomes", "primary", "horizon"): "2015"},
        "outcomes.primary.horizon",
        "the horizon (2015) comes before the start (2016)",
        "exposed period",
    ),
    "horizon outside the data": (
        {("outcomes", "primary", "horizon"): "2030"},
        "outcomes.primary.horizon",
        "2030 lies outside the analysis",
        "widen",
    ),
    "month in yearly data": (
        {("design", "start"): "2016-03"},
        "design.start",
        "'2016-03' is no year, and the data are by year",
        "write it like '2019'",
    ),
    "break that is no period": (
        {(*SOURCE, "breaks"): [{"period": "spring", "note": "new form"}]},
        "data.sources[0].breaks[0].period",
        "'spring' is no year",
        "write it like",
    ),
    "primary outcome without a source": (
        {("outcomes", "primary", "indicator"): "neonatal-mortality"},
        "outcomes.primary.indicator",
        "no source provides 'neonatal-mortality'",
        "under the indicators of a source",
    ),
    "secondary outcome without a source": (
        {("outcomes", "secondary"): ["infant-mortality"]},
        "outcomes.secondary[0]",
        "no source provides 'infant-mortality'",
        "under the indicators of a source",
    ),
    "outcome named twice": (
        {("outcomes", "secondary"): ["stillbirth"]},
        "outcomes.secondary",
        "'stillbirth' is named twice",
        "once",
    ),
    "outcome without the dimension": (
        {(*SOURCE, "dimensions"): {"core20": "core"}},
        "data.sources[0].dimensions",
        "no column for 'imd-quintile'",
        "add 'imd-quintile: <column>'",
    ),
    "a total that is a level": (
        {(*SOURCE, "total"): "5"},
        "data.sources[0].total",
        "'5' is both a total and a level",
        "take it off",
    ),
    "a relative slope index": (
        {("outcomes", "primary", "scale"): "relative"},
        "outcomes.primary.scale",
        "'sii' is no relative measure",
        "set scale to absolute",
    ),
    "primary measure not computed": (
        {("equity", "measures"): ["gap"]},
        "outcomes.primary.measure",
        "the primary measure 'sii' is not among equity.measures",
        "add it there",
    ),
    "a measure named twice": (
        {("equity", "measures"): ["sii", "sii"]},
        "equity.measures",
        "'sii' is named twice",
        "once",
    ),
    "reference group that is no level": (
        {("outcomes", "primary", "reference_group"): "6"},
        "outcomes.primary.reference_group",
        "'6' is no level of 'imd-quintile'",
        "known: 1, 2, 3, 4, 5",
    ),
    "too few levels": (
        {("equity", "levels"): ["1", "2", "3", "4"]},
        "equity.levels",
        "'imd-quintile' has 5 levels, 4 are named",
        "name every level",
    ),
    "quintiles of quintiles": (
        {("equity", "grouping"): "quintiles"},
        "equity.grouping",
        "quintiles are made of 10 levels, 5 are named",
        "grouping: none",
    ),
    "levels against the direction": (
        {("equity", "direction"): "1-is-least-deprived"},
        "equity.levels",
        "the levels contradict the direction",
        "from 5 downwards",
    ),
    "deprivation without a direction": (
        {("equity", "direction"): None},
        "equity.direction",
        "deprivation needs a direction",
        "1-is-most-deprived",
    ),
    "deprivation without an edition": (
        {("equity", "edition"): None},
        "equity.edition",
        "deprivation needs the edition of the index",
        "IMD 2019",
    ),
    "deprivation that is not ordered": (
        {("equity", "ordered"): False, ("equity", "measures"): ["gap"]},
        "equity.ordered",
        "'imd-quintile' is ordered",
        "set ordered: true",
    ),
    "a level that is also missing": (
        {("equity", "missing_levels"): ["5", "9"]},
        "equity.missing_levels",
        "5: both a level and a missing one",
        "once",
    ),
    "placebo after the start": (
        {("robustness",): {"placebo_starts": ["2017"]}},
        "robustness.placebo_starts[0]",
        "2017 is no placebo",
        "before the start",
    ),
    "alternative that is the start": (
        {("robustness",): {"alternative_starts": ["2016"]}},
        "robustness.alternative_starts[0]",
        "2016 is the start itself",
        "another period",
    ),
    "excluded period outside the data": (
        {("robustness",): {"exclude_periods": [["2019", "2031"]]}},
        "robustness.exclude_periods[0][1]",
        "2031 lies outside the analysis",
        "widen",
    ),
    "synthetic data of a real place": (
        {("identity", "synthetic"): True},
        "population.fictional",
        "synthetic data are shown for fictional places only",
        "fictional: true",
    ),
    "real data of a fictional place": (
        {("population", "fictional"): True},
        "identity.synthetic",
        "a fictional place has no real data",
        "synthetic: true",
    ),
    "closed data as open data": (
        {(*SOURCE, "open"): False},
        "data.sources[0].open",
        "the source 'births' is not open",
        "choose another profile",
    ),
    "records as open data": (
        {
            (*SOURCE, "level"): "record",
            (*SOURCE, "indicators"): {"stillbirth": {"numerator": "stillborn"}},
        },
        "data.sources[0].level",
        "the source 'births' holds records",
        "data controller",
    ),
    "final without approvers": (
        {("identity", "status"): "final"},
        "release.approvers",
        "a final evaluation has approvers",
        "provisional",
    ),
    "final without an author": (
        {("identity", "status"): "final"},
        "identity.authors",
        "a final evaluation names its authors",
        "provisional",
    ),
    "final with TIDieR items left out": (
        {("identity", "status"): "final"},
        "intervention.tailoring",
        "a final evaluation states every TIDieR item",
        "not known and why",
    ),
    "two sources of one name": (
        {("data", "sources"): "twice"},
        "data.sources",
        "two sources are called 'births'",
        "its own id",
    ),
    "a path outside the project": (
        {(*SOURCE, "path"): "../births.csv"},
        "data.sources[0].path",
        "leaves the project's folder",
        "relative to the project",
    ),
    "an absolute path": (
        {(*SOURCE, "path"): "/home/me/births.csv"},
        "data.sources[0].path",
        "is not relative to the project",
        "forward slashes",
    ),
    "a Windows path": (
        {(*SOURCE, "path"): "C:\\births.csv"},
        "data.sources[0].path",
        "is not relative to the project",
        "forward slashes",
    ),
    "an address as path": (
        {(*SOURCE, "path"): "postgresql://me:secret@host/db.csv"},
        "data.sources[0].path",
        "a path is needed, not an address",
        "relative to the project",
    ),
    "an unknown format": (
        {(*SOURCE, "path"): "data/births.xlsx"},
        "data.sources[0].format",
        "'format' is missing",
        "csv, parquet, duckdb or sql",
    ),
    "a DuckDB file without a query": (
        {(*SOURCE, "path"): "data/births.duckdb"},
        "data.sources[0].query",
        "a DuckDB source needs a query",
        "SELECT",
    ),
    "a query on a CSV file": (
        {(*SOURCE, "query"): "SELECT 1"},
        "data.sources[0].query",
        "a query has no meaning for a csv source",
        "remove it",
    ),
    "a database without a connection": (
        {(*SOURCE, "path"): "data/births.sql"},
        "data.sources[0].connection",
        "a database source needs a connection",
        "environment variable",
    ),
    "a connection that is an address": (
        {(*SOURCE, "path"): "a.sql", (*SOURCE, "connection"): "sqlite:///x"},
        "data.sources[0].connection",
        "is not written as it has to be",
        "never the URL itself",
    ),
    "a reason for what is not there": (
        {(*SOURCE, "missing_because"): {"infant-mortality": {"2019": "not yet out"}}},
        "data.sources[0].missing_because.infant-mortality",
        "does not provide 'infant-mortality'",
        "stillbirth",
    ),
    "two numerators of records": (
        {
            (*SOURCE, "level"): "record",
            (*SOURCE, "indicators"): {"stillbirth": {"numerator": ["a", "b"]}},
        },
        "data.sources[0].indicators.stillbirth.numerator",
        "record level takes one 0/1 column",
        "derive the column",
    ),
    "counts without a denominator": (
        {(*SOURCE, "indicators"): {"stillbirth": {"numerator": ["a"]}}},
        "data.sources[0].indicators.stillbirth.denominator",
        "'denominator' is missing",
        "Columns summed to the denominator",
    ),
    "a unit on both sides": (
        {("design",): {**DID, "controls": ["A", "B"]}},
        "design.controls",
        "'A' is both treated and a control",
        "decide",
    ),
    "a controlled series with a unit on both sides": (
        {("design",): {**CONTROLLED, "controls": ["A"]}},
        "design.controls",
        "'A' is both treated and a control",
        "decide",
    ),
    "a unit left out and used": (
        {("design",): {**DID, "exclusions": [{"unit": "B", "reason": "merged"}]}},
        "design.exclusions[0].unit",
        "'B' is left out and used at once",
        "take it off",
    ),
    "no controls": (
        {("design",): {**DID, "controls": []}},
        "design.controls",
        "'controls' is empty or too short",
        "Untreated units",
    ),
    "one control for a weighted mix": (
        {("design",): {**SYNTHETIC_DID, "controls": ["B"]}},
        "design.controls",
        "'controls' is empty or too short",
        "Untreated units",
    ),
    "did without a selection": (
        {("design",): {k: v for k, v in DID.items() if k != "selection"}},
        "design.selection",
        "'selection' is missing",
        "How the treated came to be treated",
    ),
    "a start in a staggered design": (
        {("design",): {**STAGGERED, "start": "2016"}},
        "design.start",
        "unknown key 'start'",
        "known: ",
    ),
    "never-treated controls of whom there are none": (
        {("design",): {**STAGGERED, "controls": []}},
        "design.controls",
        "no unit is never treated",
        "not-yet-treated",
    ),
    "all join at once": (
        {
            ("design",): {
                **STAGGERED,
                "adoption": {"A": "2016", "B": "2016"},
                "controls": [],
                "control_group": "not-yet-treated",
            }
        },
        "design.adoption",
        "nobody is left to compare with",
        "type: its",
    ),
    "joining outside the data": (
        {("design",): {**STAGGERED, "last_period": "2020", "adoption": {"A": "2031"}}},
        "design.adoption.A",
        "2031 lies outside the analysis",
        "widen",
    ),
    "an audit with a placebo": (
        {
            ("design",): {"type": "audit", "unit": "England"},
            ("robustness",): {"placebo_starts": ["2013"]},
        },
        "robustness.placebo_starts",
        "an audit has no intervention to vary",
        "leave it out",
    ),
    "no design type": (
        {("design",): {"unit": "England"}},
        "design.type",
        "'type' is missing",
        "one of: its",
    ),
}


@pytest.mark.parametrize(("changes", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_with_its_key_and_a_remedy(
    blocks: dict[str, Any],
    refusal: Any,
    changes: dict[tuple[Any, ...], Any],
    key: str,
    what: str,
    remedy: str,
) -> None:
    for path, value in changes.items():
        holder: Any = blocks
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = holder[path[-1]] * 2 if value == "twice" else value
    found = [problem for problem in refusal(blocks).problems if problem.key == key]
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found


@pytest.mark.parametrize("design", [DID, STAGGERED, SYNTHETIC_DID, CONTROLLED])
def test_every_design_has_a_valid_form(blocks: dict[str, Any], design: dict[str, Any]) -> None:
    evaluation = Evaluation.of_blocks({**blocks, "design": design}, where="page")
    assert evaluation.design.type == design["type"]


def test_an_audit_needs_no_intervention(blocks: dict[str, Any], load: Any) -> None:
    del blocks["intervention"]
    blocks["design"] = {"type": "audit", "unit": "England"}
    assert load(yaml.safe_dump(blocks)).design.type == "audit"


def monthly(blocks: dict[str, Any], indicator: str, **columns: Any) -> dict[str, Any]:
    blocks["data"]["frequency"] = "month"
    blocks["data"]["sources"][0]["indicators"] = {
        indicator: {"numerator": ["a"], "denominator": ["b"], **columns}
    }
    return {"data": blocks["data"]}


def test_a_rolling_rate_analysed_by_month_is_refused(blocks: dict[str, Any]) -> None:
    with pytest.raises(InvalidParametersError, match="published over 3 months") as caught:
        Evaluation.of_blocks(monthly(blocks, "pph-1500"), where="page")
    assert "aggregate to periods of 3 months" in caught.value.remedy


def test_a_rolling_rate_by_quarter_is_fine(blocks: dict[str, Any]) -> None:
    given = monthly(blocks, "pph-1500")
    given["data"]["frequency"] = "quarter"
    Evaluation.of_blocks(given, where="page")


def test_monthly_counts_of_an_indicator_that_is_published_rolling_can_be_declared(
    blocks: dict[str, Any],
) -> None:
    found = Evaluation.of_blocks(monthly(blocks, "pph-1500", window=1), where="page")
    assert found.data.sources[0].window_of("pph-1500") == 1


def test_records_are_counted_by_period_and_never_roll(blocks: dict[str, Any]) -> None:
    given = monthly(blocks, "pph-1500")
    given["data"]["sources"][0]["level"] = "record"
    Evaluation.of_blocks(given, where="page")


@pytest.mark.parametrize(
    ("level", "written", "read"),
    [
        ("record", None, "known"),
        ("record", "all", "all"),
        ("record", "eligible", ("eligible",)),
        ("aggregated", "all", ("all",)),
        ("aggregated", ["known"], ("known",)),
    ],
)
def test_a_denominator_is_read_by_the_level_of_its_source(
    blocks: dict[str, Any], level: str, written: object, read: object
) -> None:
    source = blocks["data"]["sources"][0]
    source["level"] = level
    source["indicators"]["stillbirth"] = {"numerator": "stillborn"}
    if written is not None:
        source["indicators"]["stillbirth"]["denominator"] = written
    found = Evaluation.of_blocks({"data": blocks["data"]}, where="page").data.sources[0]
    assert found.indicators["stillbirth"].denominator == read
    assert found.indicators["stillbirth"].numerator == ("stillborn",)


def test_levels_run_downwards_where_one_is_the_least_deprived(blocks: dict[str, Any]) -> None:
    equity = {
        **blocks["equity"],
        "dimension": "imd-decile",
        "levels": DECILES[::-1],
        "direction": "1-is-least-deprived",
        "grouping": "quintiles",
    }
    found = Evaluation.of_blocks({"equity": equity}, where="page").equity
    assert found.levels[0] == "10"


def test_groups_that_are_not_ranked_get_no_ranked_measures(blocks: dict[str, Any]) -> None:
    equity = {"dimension": "ethnic-group", "levels": ["Asian", "White"], "ordered": False}
    found = Evaluation.of_blocks({"equity": equity}, where="page").equity
    assert found.measures == ("gap", "ratio")
    with pytest.raises(InvalidParametersError, match="'sii' ranks the groups"):
        Evaluation.of_blocks({"equity": {**equity, "measures": ["sii"]}}, where="page")


def test_groups_that_are_not_ranked_need_a_reference(blocks: dict[str, Any]) -> None:
    equity = {"dimension": "ethnic-group", "levels": ["Asian", "White"], "ordered": False}
    primary = {**blocks["outcomes"]["primary"], "measure": "gap"}
    given = {"equity": equity, "outcomes": {"primary": primary}}
    with pytest.raises(InvalidParametersError, match="needs a reference group"):
        Evaluation.of_blocks(given, where="page")
    primary["reference_group"] = "White"
    Evaluation.of_blocks(given, where="page")


def test_a_dimension_of_ones_own_starts_with_local(blocks: dict[str, Any]) -> None:
    equity = {"dimension": "local-ward", "levels": ["a", "b"], "ordered": False}
    found = Evaluation.of_blocks({"equity": equity}, where="page").equity
    assert found.dimension == "local-ward"
