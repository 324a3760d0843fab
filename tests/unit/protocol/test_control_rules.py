"""Control outcomes and placebo groups: argued, provided, and out of the intervention's reach."""

from __future__ import annotations

from typing import Any

import pytest

from equieval.protocol import Evaluation

Changes = dict[tuple[Any, ...], Any]

COMPARED = {
    "type": "did",
    "unit": "LMNS",
    "start": "2016",
    "last_period": "2020",
    "treated": ["North", "East"],
    "controls": ["South", "West", "Middle"],
    "selection": {"rule": "volunteered", "words": "They came forward"},
}
CONTROLLED = {key: value for key, value in COMPARED.items() if key != "selection"} | {
    "type": "controlled-its"
}
NEONATAL = {"neonatal-mortality": {"numerator": ["deaths"], "denominator": ["live_births"]}}
INDICATORS = ("data", "sources", 0, "indicators")
PROVIDED = {
    **NEONATAL,
    "stillbirth": {"numerator": ["stillbirths"], "denominator": ["live_births", "stillbirths"]},
}
BECAUSE = {"because": "It is over before the intervention begins."}


def outcomes(*indicators: str) -> Changes:
    return {
        ("robustness",): {"control_outcomes": [{"indicator": id, **BECAUSE} for id in indicators]}
    }


def groups(*each: dict[str, Any], design: dict[str, Any] = COMPARED) -> Changes:
    named = [{"name": f"Group {place}", **group, **BECAUSE} for place, group in enumerate(each)]
    return {("design",): design, ("robustness",): {"placebo_groups": named}}


# name: (changes as {path: value}, key of the problem, what it says, what to do)
BROKEN: dict[str, tuple[Changes, str, str, str]] = {
    "no such indicator": (
        outcomes("neonatal-mortalty"),
        "robustness.control_outcomes[0].indicator",
        "unknown indicator 'neonatal-mortalty'",
        "neonatal-mortality",
    ),
    "no argument": (
        {("robustness",): {"control_outcomes": [{"indicator": "neonatal-mortality"}]}},
        "robustness.control_outcomes[0].because",
        "missing",
        "",
    ),
    "an outcome that nobody provides": (
        outcomes("neonatal-mortality"),
        "robustness.control_outcomes[0].indicator",
        "no source provides 'neonatal-mortality'",
        "under the indicators of a source",
    ),
    "the primary outcome": (
        outcomes("stillbirth"),
        "robustness.control_outcomes[0].indicator",
        "'stillbirth' is the primary outcome",
        "cannot move",
    ),
    "a secondary outcome": (
        {
            **outcomes("neonatal-mortality"),
            INDICATORS: PROVIDED,
            ("outcomes", "secondary"): ["neonatal-mortality"],
        },
        "robustness.control_outcomes[0].indicator",
        "'neonatal-mortality' is a secondary outcome",
        "cannot move",
    ),
    "an outcome twice": (
        {**outcomes("neonatal-mortality", "neonatal-mortality"), INDICATORS: PROVIDED},
        "robustness.control_outcomes",
        "'neonatal-mortality' is named twice",
        "once",
    ),
    "an outcome that is not there by group": (
        {
            **outcomes("neonatal-mortality"),
            INDICATORS: PROVIDED,
            ("data", "sources", 0, "dimensions"): {},
        },
        "data.sources[0].dimensions",
        "gives neonatal-mortality but no column for 'imd-quintile'",
        "imd-quintile: <column>",
    ),
    "a group of nobody": (
        groups({}),
        "robustness.placebo_groups[0]",
        "neither levels nor units",
        "give either levels",
    ),
    "levels and units at once": (
        groups({"levels": ["5"], "units": ["South"]}),
        "robustness.placebo_groups[0].levels",
        "'Group 0' has levels and units",
        "give either levels",
    ),
    "two groups of one name": (
        groups({"name": "Spared", "levels": ["4"]}, {"name": "Spared", "levels": ["5"]}),
        "robustness.placebo_groups",
        "'Spared' is named twice",
        "a name of its own",
    ),
    "no such level": (
        groups({"levels": ["fifth"]}),
        "robustness.placebo_groups[0].levels",
        "'fifth' is no level of 'imd-quintile'",
        "1, 2, 3, 4, 5",
    ),
    "people of unknown group": (
        {**groups({"levels": ["missing"]}), ("equity", "missing_levels"): ["missing"]},
        "robustness.placebo_groups[0].levels",
        "'missing' means that the group is not known",
        "does not serve",
    ),
    "everybody": (
        groups({"levels": ["1", "2", "3", "4", "5"]}),
        "robustness.placebo_groups[0].levels",
        "'Group 0' is everybody",
        "only the levels",
    ),
    "treated units": (
        groups({"units": ["North"]}),
        "robustness.placebo_groups[0].units",
        "'North' is treated",
        "name control units",
    ),
    "no such control": (
        groups({"units": ["Soth"]}, design=CONTROLLED),
        "robustness.placebo_groups[0].units",
        "'Soth' is no control unit",
        "South",
    ),
    "too few others": (
        groups({"units": ["South", "West"]}),
        "robustness.placebo_groups[0].units",
        "leaves 1 of 3 controls",
        "at least 2",
    ),
    "a unit twice": (
        groups({"units": ["South", "South"]}),
        "robustness.placebo_groups[0].units",
        "'South' is listed twice",
        "once",
    ),
    "units of a single series": (
        {("robustness",): groups({"units": ["South"]})["robustness",]},
        "robustness.placebo_groups[0].units",
        "'its' has one unit, 'Somewhere', and no controls",
        "name levels",
    ),
}


@pytest.mark.parametrize(("changes", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_a_control_that_controls_nothing_is_refused_with_its_key_and_a_remedy(
    refused_with: Any, changes: Changes, key: str, what: str, remedy: str
) -> None:
    found = refused_with(changes, key)
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found


def test_deciles_that_are_joined_have_fifths_for_placebo_groups(
    refused_with: Any, blocks: dict[str, Any]
) -> None:
    deciles = {
        ("equity", "dimension"): "imd-decile",
        ("equity", "levels"): [str(level) for level in range(1, 11)],
        ("equity", "grouping"): "quintiles",
        ("data", "sources", 0, "dimensions"): {"imd-decile": "decile"},
    }
    found = refused_with(
        {**deciles, **groups({"levels": ["10"]})}, "robustness.placebo_groups[0].levels"
    )
    assert "'10' is no level of 'imd-decile' joined to fifths" in found[0].what


def test_what_is_argued_is_read(blocks: dict[str, Any]) -> None:
    blocks["data"]["sources"][0]["indicators"] = PROVIDED
    blocks["design"] = COMPARED
    blocks["robustness"] = {
        **outcomes("neonatal-mortality")["robustness",],
        **groups({"levels": [5]}, {"units": ["South"]})["robustness",],
    }
    read = Evaluation.of_blocks(blocks, where="page").robustness
    assert read.control_outcomes[0].because == BECAUSE["because"]
    assert [(group.levels, group.units) for group in read.placebo_groups] == [
        (("5",), ()),
        ((), ("South",)),
    ]
