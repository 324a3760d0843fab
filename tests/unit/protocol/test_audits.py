"""An audit names its sources, what kind they are, and which one the others are held against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from equieval.protocol import InvalidParametersError

Spoil = Callable[[dict[str, Any]], object]

BROKEN: dict[str, tuple[Spoil, str, str, str]] = {
    "one source only": (
        lambda blocks: (blocks["design"]["sources"].pop(), blocks["data"]["sources"].pop()),
        "design.sources",
        "only one is listed",
        "list a second source",
    ),
    "a source listed twice": (
        lambda blocks: blocks["design"]["sources"].append(blocks["design"]["sources"][0]),
        "design.sources",
        "'births' is listed twice",
        "once",
    ),
    "a reference that is not audited": (
        lambda blocks: blocks["design"].update(reference_source="elsewhere"),
        "design.reference_source",
        "'elsewhere' is not among the audit's sources",
        "births, register",
    ),
    "a sample as the reference": (
        lambda blocks: blocks["design"]["sources"][0].update(counts="sample"),
        "design.reference_source",
        "'births' is a sample",
        "counts everybody",
    ),
    "a source that is not there": (
        lambda blocks: blocks["data"]["sources"][1].update(id="registry"),
        "design.sources[1].source",
        "no source 'register'",
        "did you mean 'registry'",
    ),
    "a source without the outcome": (
        lambda blocks: blocks["data"]["sources"][1].update(
            indicators={"neonatal-mortality": {"numerator": ["a"], "denominator": ["b"]}}
        ),
        "design.sources[1].source",
        "does not give 'stillbirth'",
        "its indicators",
    ),
    "a source without the dimension": (
        lambda blocks: blocks["data"]["sources"][1].update(dimensions={}),
        "data.sources[1].dimensions",
        "no column for 'imd-quintile'",
        "imd-quintile: <column>",
    ),
    "a source that is left out": (
        lambda blocks: blocks["data"]["sources"].append(
            {**blocks["data"]["sources"][0], "id": "third"}
        ),
        "data.sources[2].id",
        "the audit does not list it",
        "design.sources",
    ),
    "an unknown kind": (
        lambda blocks: blocks["design"]["sources"][1].update(kind="charity"),
        "design.sources[1].kind",
        "'charity' is not allowed here",
        "voluntary-sector",
    ),
    "a tolerance beyond reason": (
        lambda blocks: blocks["design"].update(tolerances={"coded_at_least": 950}),
        "design.tolerances.coded_at_least",
        "950",
        "",
    ),
    "a rate as the primary measure": (
        lambda blocks: blocks["outcomes"]["primary"].update(measure="rate"),
        "outcomes.primary.measure",
        "how unequal",
        "inequality measure",
    ),
    "a weighting without an effect": (
        lambda blocks: blocks["outcomes"]["primary"].update(weighting="equal"),
        "outcomes.primary.weighting",
        "nothing to weigh",
        "denominator",
    ),
    "two ends": (
        lambda blocks: blocks["design"].update(last_period="2019"),
        "outcomes.primary.horizon",
        "ends in 2019",
        "both",
    ),
    "an intervention": (
        lambda blocks: blocks.update(
            intervention={"name": "A pathway", "why": "Because", "procedures": "This and that"}
        ),
        "intervention",
        "an audit has no intervention",
        "leave the block out",
    ),
    "a placebo": (
        lambda blocks: blocks.update(robustness={"placebo_starts": ["2013"]}),
        "robustness.placebo_starts",
        "no intervention to vary",
        "leave it out",
    ),
    "a control outcome": (
        lambda blocks: blocks.update(
            robustness={
                "control_outcomes": [
                    {"indicator": "preterm-birth", "because": "It comes before the rest."}
                ]
            }
        ),
        "robustness.control_outcomes",
        "no intervention to vary",
        "leave it out",
    ),
    "a placebo group": (
        lambda blocks: blocks.update(
            robustness={
                "placebo_groups": [
                    {"name": "Spared", "levels": ["5"], "because": "Nobody served them."}
                ]
            }
        ),
        "robustness.placebo_groups",
        "no intervention to vary",
        "leave it out",
    ),
    "leaving one out": (
        lambda blocks: blocks.update(robustness={"leave_one_out": True}),
        "robustness.leave_one_out",
        "no intervention to vary",
        "leave it out",
    ),
}


@pytest.mark.parametrize(("spoil", "key", "what", "remedy"), BROKEN.values(), ids=BROKEN.keys())
def test_an_audit_that_cannot_be_is_refused_with_its_key_and_a_remedy(
    audit_blocks: dict[str, Any],
    refusal: Callable[[dict[str, Any]], InvalidParametersError],
    spoil: Spoil,
    key: str,
    what: str,
    remedy: str,
) -> None:
    spoil(audit_blocks)
    found = [problem for problem in refusal(audit_blocks).problems if problem.key == key]
    assert [problem for problem in found if what in problem.what], found
    assert [problem for problem in found if remedy in problem.remedy], found
