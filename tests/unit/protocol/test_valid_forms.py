"""What a parameters file may say: every design, level, window and dimension."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from equieval.protocol import Evaluation, InvalidParametersError

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


@pytest.mark.parametrize("design", [DID, STAGGERED, SYNTHETIC_DID, CONTROLLED])
def test_every_design_has_a_valid_form(blocks: dict[str, Any], design: dict[str, Any]) -> None:
    evaluation = Evaluation.of_blocks({**blocks, "design": design}, where="page")
    assert evaluation.design.type == design["type"]


def test_an_audit_needs_no_intervention(audit_blocks: dict[str, Any], load: Any) -> None:
    design = load(yaml.safe_dump(audit_blocks)).design
    assert design.type == "audit"
    assert design.audited("register").kind == "provider"


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
