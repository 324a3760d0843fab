"""Every rule between the fields of a block, broken once, with the message that it gives."""

from __future__ import annotations

from typing import Any

import pytest

Changes = dict[tuple[Any, ...], Any]

SOURCE = ("data", "sources", 0)
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
UNITS = {"type": "its", "unit": "North", "start": "2016", "units": ["A", "B"]}
SYNTHETIC_DID = {**DID, "type": "synthetic-did"}
CONTROLLED = {
    "type": "controlled-its",
    "unit": "LMNS",
    "start": "2016",
    "treated": ["A"],
    "controls": ["B"],
}

# name: (changes as {path: value}, key of the problem, what it says, what to do)
BROKEN: dict[str, tuple[Changes, str, str, str]] = {
    "outcome named twice": (
        {("outcomes", "secondary"): ["stillbirth"]},
        "outcomes.secondary",
        "'stillbirth' is named twice",
        "once",
    ),
    "a relative slope index": (
        {("outcomes", "primary", "scale"): "relative"},
        "outcomes.primary.scale",
        "'sii' is no relative measure",
        "set scale to absolute",
    ),
    "a measure named twice": (
        {("equity", "measures"): ["sii", "sii"]},
        "equity.measures",
        "'sii' is named twice",
        "once",
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
    "a unit of a series named twice": (
        {("design",): {**UNITS, "units": ["A", "B", "A"]}},
        "design.units",
        "'A' is listed twice",
        "once",
    ),
    "a sum of one unit": (
        {("design",): {**UNITS, "units": ["A"]}},
        "design.units",
        "a sum has two units or more",
        "leave it out",
    ),
    "a unit left out of a series and in it": (
        {("design",): {**UNITS, "exclusions": [{"unit": "B", "reason": "merged"}]}},
        "design.exclusions[0].unit",
        "'B' is left out and used at once",
        "take it off",
    ),
    "units left out where none are named": (
        {("design",): {**UNITS, "units": [], "exclusions": [{"unit": "B", "reason": "merged"}]}},
        "design.exclusions",
        "none are named that stay",
        "design.units",
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
    "no design type": (
        {("design",): {"unit": "England"}},
        "design.type",
        "'type' is missing",
        "one of: its",
    ),
}


@pytest.mark.parametrize(("changes", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_with_its_key_and_a_remedy(
    refused_with: Any, changes: Changes, key: str, what: str, remedy: str
) -> None:
    found = refused_with(changes, key)
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found
