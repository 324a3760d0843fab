"""Lag, phase-in, other interruptions, and the checks that stand beside an estimate."""

from __future__ import annotations

from typing import Any

import pytest

from equieval.protocol import Evaluation

Changes = dict[tuple[Any, ...], Any]

DID = {
    "type": "did",
    "unit": "LMNS",
    "start": "2016",
    "last_period": "2020",
    "treated": ["A"],
    "controls": ["B", "C"],
    "selection": {"rule": "volunteered", "words": "They came forward"},
}
OTHERS = ("design", "other_interruptions")

# name: (changes as {path: value}, key of the problem, what it says, what to do)
BROKEN: dict[str, tuple[Changes, str, str, str]] = {
    "a lag below zero": (
        {("design", "lag"): -1},
        "design.lag",
        "the number is too small",
        "",
    ),
    "a phase-in that is still running at the horizon": (
        {("design", "lag"): 1, ("design", "phase_in"): 2},
        "outcomes.primary.horizon",
        "2018 comes before lag and phase-in are over (3 periods from 2016)",
        "name a later period",
    ),
    "a lag longer than the analysis": (
        {("design", "lag"): 5},
        "design.last_period",
        "2020 comes before lag and phase-in are over",
        "shorten",
    ),
    "another interruption at the start": (
        {OTHERS: [{"name": "A reform", "period": "2016"}]},
        "design.other_interruptions[0].period",
        "'A reform' begins with the start of the intervention",
        "co_interventions",
    ),
    "two interruptions at once": (
        {OTHERS: [{"name": "A", "period": "2018"}, {"name": "B", "period": "2018"}]},
        "design.other_interruptions[1].period",
        "'B' begins with 'A'",
        "correct the period",
    ),
    "an interruption named twice": (
        {OTHERS: [{"name": "A", "period": "2018"}, {"name": "A", "period": "2019"}]},
        "design.other_interruptions",
        "'A' is named twice",
        "its own name",
    ),
    "an interruption outside the data": (
        {OTHERS: [{"name": "A", "period": "2031"}]},
        "design.other_interruptions[0].period",
        "2031 lies outside the analysis",
        "widen",
    ),
    "an interruption that ends before it begins": (
        {OTHERS: [{"name": "A", "period": "2018", "until": "2017"}]},
        "design.other_interruptions[0].until",
        "'A' ends (2017) before it begins (2018)",
        "leave 'until' out",
    ),
    "an interruption that passes after the data end": (
        {OTHERS: [{"name": "A", "period": "2018", "until": "2031"}]},
        "design.other_interruptions[0].until",
        "2031 lies outside the analysis",
        "widen",
    ),
    "a month in yearly data": (
        {OTHERS: [{"name": "A", "period": "2018-02"}]},
        "design.other_interruptions[0].period",
        "'2018-02' is no year",
        "write it like '2019'",
    ),
    "horizons without a margin": (
        {("robustness",): {"sustained_at": [12, 24]}},
        "robustness.sustained_at",
        "how much of the early effect must be left",
        "retention_margin",
    ),
    "a margin without a later horizon": (
        {("robustness",): {"sustained_at": [12], "retention_margin": 0.5}},
        "robustness.retention_margin",
        "needs an early effect and a later one",
        "[12, 24]",
    ),
    "a margin of nothing": (
        {("robustness",): {"sustained_at": [12, 24], "retention_margin": 0}},
        "robustness.retention_margin",
        "",
        "",
    ),
    "a horizon inside a year": (
        {("robustness",): {"sustained_at": [12, 18], "retention_margin": 0.5}},
        "robustness.sustained_at[1]",
        "18 months after the start no year ends",
        "multiples of 12",
    ),
    "a horizon after the analysis": (
        {("robustness",): {"sustained_at": [12, 72], "retention_margin": 0.5}},
        "robustness.sustained_at[1]",
        "72 months after the start (2016) the analysis has ended (2020)",
        "later data",
    ),
    "horizons that fall": (
        {("robustness",): {"sustained_at": [24, 12], "retention_margin": 0.5}},
        "robustness.sustained_at",
        "these numbers do not rise",
        "from the smallest",
    ),
    "plausibility where every group is known": (
        {("robustness",): {"missing_plausibility": [1, 2]}},
        "robustness.missing_plausibility",
        "no level says that the group is not known",
        "equity.missing_levels",
    ),
    "less plausible than as those known": (
        {
            ("robustness",): {"missing_plausibility": [0.5]},
            ("equity", "missing_levels"): ["missing"],
        },
        "robustness.missing_plausibility[0]",
        "the number is too small",
        "",
    ),
    "bounds on trends that nobody compares": (
        {("robustness",): {"honest": {"relative_magnitudes": [0.5, 1]}}},
        "robustness.honest",
        "'its' compares no trends of units",
        "leave it out",
    ),
    "bounds that say nothing": (
        {("design",): DID, ("robustness",): {"honest": {}}},
        "robustness.honest.relative_magnitudes",
        "no bound is given",
        "leave 'honest' out",
    ),
    "a misspelt bound": (
        {("design",): DID, ("robustness",): {"honest": {"smothness": [0.1]}}},
        "robustness.honest.smothness",
        "unknown key",
        "smoothness",
    ),
}


@pytest.mark.parametrize(("changes", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_asked_is_refused_with_its_key_and_a_remedy(
    refused_with: Any, changes: Changes, key: str, what: str, remedy: str
) -> None:
    found = refused_with(changes, key)
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found


def test_a_series_can_wait_for_its_impact_and_have_other_interruptions(
    blocks: dict[str, Any],
) -> None:
    blocks["design"] |= {
        "lag": 1,
        "phase_in": 1,
        "other_interruptions": [
            {"name": "Pandemic", "period": 2019},
            {"name": "Strike", "period": 2017, "until": 2018},
        ],
    }
    design = Evaluation.of_blocks(blocks, where="page").design
    assert (design.lag, design.phase_in) == (1, 1)
    others = [(other.name, other.period, other.until) for other in design.other_interruptions]
    assert others == [("Pandemic", "2019", None), ("Strike", "2017", "2018")]


def test_checks_beside_a_comparison_are_read(blocks: dict[str, Any]) -> None:
    blocks["design"] = DID
    blocks["equity"]["missing_levels"] = ["missing"]
    blocks["robustness"] = {
        "sustained_at": [12, 24, 36],
        "retention_margin": 0.5,
        "missing_plausibility": [1, 1.5, 2],
        "honest": {"relative_magnitudes": [0.5, 1], "smoothness": [0, 0.1]},
    }
    robustness = Evaluation.of_blocks(blocks, where="page").robustness
    assert robustness.sustained_at == (12, 24, 36)
    assert robustness.missing_plausibility == (1.0, 1.5, 2.0)
    assert robustness.honest is not None
    assert robustness.honest.smoothness == (0.0, 0.1)
