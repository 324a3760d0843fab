"""Every rule between blocks, broken once, with the message that it gives."""

from __future__ import annotations

from typing import Any

import pytest

Changes = dict[tuple[Any, ...], Any]

SOURCE = ("data", "sources", 0)
VOLUNTEERED = {"rule": "volunteered", "words": "They came forward"}
STAGGERED = {
    "type": "staggered-did",
    "unit": "trust",
    "adoption": {"A": "2016", "B": "2017"},
    "controls": ["C"],
    "selection": VOLUNTEERED,
}

# name: (changes as {path: value}, key of the problem, what it says, what to do)
BROKEN: dict[str, tuple[Changes, str, str, str]] = {
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
    "primary measure not computed": (
        {("equity", "measures"): ["gap"]},
        "outcomes.primary.measure",
        "the primary measure 'sii' is not among equity.measures",
        "add it there",
    ),
    "reference group that is no level": (
        {("outcomes", "primary", "reference_group"): "6"},
        "outcomes.primary.reference_group",
        "'6' is no level of 'imd-quintile'",
        "known: 1, 2, 3, 4, 5",
    ),
    "placebo after the start": (
        {("robustness",): {"placebo_starts": ["2017"]}},
        "robustness.placebo_starts[0]",
        "2017 is no placebo",
        "before the start",
    ),
    "placebo after the first of several starts": (
        {
            ("design",): {
                "type": "staggered-did",
                "unit": "trust",
                "adoption": {"A": "2018", "B": "2016"},
                "controls": ["C"],
                "selection": {"rule": "volunteered", "words": "They came forward"},
            },
            ("robustness",): {"placebo_starts": ["2017"]},
        },
        "robustness.placebo_starts[0]",
        "2017 is no placebo: exposure has begun (2016)",
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
    "joining outside the data": (
        {("design",): {**STAGGERED, "last_period": "2020", "adoption": {"A": "2031"}}},
        "design.adoption.A",
        "2031 lies outside the analysis",
        "widen",
    ),
}


@pytest.mark.parametrize(("changes", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_named_with_its_key_and_a_remedy(
    refused_with: Any, changes: Changes, key: str, what: str, remedy: str
) -> None:
    found = refused_with(changes, key)
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found
