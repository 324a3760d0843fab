"""What a user who writes a parameters file is told, and what a program reads from a valid one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from equieval.errors import ParametersError
from equieval.protocol import Evaluation, InvalidParametersError


def line_of(text: str, written: str) -> int:
    return text[: text.index(written)].count("\n") + 1


def test_a_valid_file_is_loaded_with_its_defaults(load: Any, valid_text: str) -> None:
    evaluation = load(valid_text)
    assert evaluation.design.start == "2016"
    assert evaluation.design.impact == "level-and-slope"
    assert evaluation.identity.status == "provisional"
    assert evaluation.identity.synthetic is False
    assert evaluation.data.sources[0].format == "csv"
    assert evaluation.data.sources[0].total == ("all",)
    assert evaluation.robustness.placebo_starts == ()
    assert evaluation.release.approvers == ()
    assert evaluation.outcomes.indicators == ("stillbirth",)
    assert "sii" in evaluation.equity.measures


def test_a_misspelt_key_is_named_with_file_line_key_and_suggestion(
    load: Any, valid_text: str
) -> None:
    text = valid_text.replace("  horizon:", "  horizn:").replace("    horizon:", "    horizn:")
    with pytest.raises(InvalidParametersError) as caught:
        load(text)
    unknown = [p for p in caught.value.problems if "unknown key" in p.what]
    assert len(unknown) == 1
    assert unknown[0].key == "outcomes.primary.horizn"
    assert unknown[0].where == f"params/example.yaml:{line_of(text, 'horizn')}"
    assert unknown[0].remedy == "did you mean 'horizon'?"


@pytest.mark.parametrize(
    ("written", "misspelt", "key", "remedy"),
    [
        ("identity:", "identty:", "identty", "did you mean 'identity'?"),
        ("stillbirth:", "stilbirth:", "data.sources[0].indicators.stilbirth", "'stillbirth'"),
        ("type: its", "type: it", "design.type", "did you mean 'its'?"),
        ("unit: Somewhere", "unt: Somewhere", "design.unt", "did you mean 'unit'?"),
        ("measure: sii", "measure: si", "outcomes.primary.measure", "did you mean 'sii'?"),
        ("profile: open-data", "profile: open", "disclosure.profile", "did you mean 'open-data'?"),
        ("dimension: imd-quintile", "dimension: imd-quintle", "equity.dimension", "imd-quintile"),
        ("[access-to-care]", "[access-to-cares]", "programme.gap_domains[0]", "'access-to-care'"),
        ("frequency: year", "frequency: yearly", "data.frequency", "did you mean 'year'?"),
        ("period: year}", "perod: year}", "data.sources[0].columns.perod", "'period'"),
    ],
)
def test_a_misspelt_word_gets_its_line_and_a_suggestion(
    load: Any, valid_text: str, written: str, misspelt: str, key: str, remedy: str
) -> None:
    text = valid_text.replace(written, misspelt, 1)
    with pytest.raises(InvalidParametersError) as caught:
        load(text)
    [found] = [problem for problem in caught.value.problems if problem.key == key]
    assert remedy in found.remedy
    assert found.where == f"params/example.yaml:{line_of(text, misspelt)}"


def test_all_problems_are_told_at_once_in_the_order_of_the_file(load: Any, valid_text: str) -> None:
    text = valid_text.replace("title: An example", "titel: An example")
    text = text.replace("measure: sii", "measure: slope")
    text = text.replace("edition: IMD 2019", "edition: 2019")
    with pytest.raises(InvalidParametersError) as caught:
        load(text)
    assert [problem.key for problem in caught.value.problems] == [
        "identity.title",
        "identity.titel",
        "outcomes.primary.measure",
        "equity.edition",
    ]
    assert "4 problems" in str(caught.value)
    assert caught.value.exit_code == 2


WRONG_TYPES = {
    "number for text": (("identity", "title"), 3, "text is needed, not 3"),
    "text for a list": (("programme", "gap_domains"), "access-to-care", "a list is needed"),
    "text for a flag": (("identity", "synthetic"), "yes", "true or false is needed, not 'yes'"),
    "number for a flag": (("identity", "synthetic"), 1, "true or false is needed, not 1"),
    "list for a block": (("identity",), ["a"], "keys with values are needed here"),
    "nothing for a block": (("identity",), None, "keys with values are needed here, not nothing"),
    "flag for a period": (("design", "start"), True, "a label is needed, not yes/true"),
    "fraction for a period": (("design", "start"), 2016.5, "a label is needed, not the number"),
    "empty text": (("identity", "question"), " ", "empty or too short"),
    "no slug": (("identity", "id"), "Big Name", "is not written as it has to be"),
    "empty list": (("data", "sources"), [], "empty or too short"),
    "nothing for text": (("disclosure", "reason"), None, "text is needed, not nothing"),
    "design is a word": (("design",), "its", "keys with values are needed here"),
    "twice a level": (("equity", "levels"), ["1", "1", "2"], "listed more than once: 1"),
    "column is a number": (
        ("data", "sources", 0, "indicators", "stillbirth", "denominator"),
        [1],
        "column names are text",
    ),
}


def spoil(given: Any, path: tuple[Any, ...], value: object) -> None:
    for step in path[:-1]:
        given = given[step]
    given[path[-1]] = value


@pytest.mark.parametrize(("path", "value", "said"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_wrong_type_is_said_in_plain_words(
    blocks: dict[str, Any], refusal: Any, path: tuple[Any, ...], value: object, said: str
) -> None:
    spoil(blocks, path, value)
    error = refusal(blocks)
    assert said in str(error)
    assert "pydantic" not in str(error)


@pytest.mark.parametrize(
    "block", ["identity", "programme", "intervention", "population", "data", "outcomes", "design"]
)
def test_a_missing_block_is_named(blocks: dict[str, Any], refusal: Any, block: str) -> None:
    del blocks[block]
    error = refusal(blocks)
    assert f"the block '{block}' is missing" in {problem.what for problem in error.problems}


def test_a_missing_key_is_named_with_what_it_is_for(blocks: dict[str, Any], refusal: Any) -> None:
    del blocks["identity"]["question"]
    [problem] = refusal(blocks).problems
    assert problem.what == "'question' is missing"
    assert "The question that the evaluation answers" in problem.remedy


def test_the_file_is_called_after_its_evaluation(blocks: dict[str, Any], refusal: Any) -> None:
    blocks["identity"]["id"] = "another"
    [problem] = refusal(blocks).problems
    assert problem.key == "identity.id"
    assert "another.yaml" in problem.remedy


@pytest.mark.parametrize(
    ("version", "said", "remedy"),
    [
        (2, "belongs to a later equieval", "install the equieval"),
        (0, "there is no schema 0", "write 'schema: 1'"),
        ("1", "is a whole number", "without quotes"),
        (True, "is a whole number", "without quotes"),
    ],
)
def test_another_schema_version_is_refused_with_the_way_on(
    blocks: dict[str, Any], refusal: Any, version: object, said: str, remedy: str
) -> None:
    blocks["schema"] = version
    [problem] = refusal(blocks).problems
    assert said in problem.what
    assert remedy in problem.remedy
    assert problem.where == "params/example.yaml:1"


def test_one_mistake_in_a_list_is_told_once(blocks: dict[str, Any], refusal: Any) -> None:
    blocks["data"]["sources"][0]["open"] = "yes"
    assert [problem.key for problem in refusal(blocks).problems] == ["data.sources[0].open"]


def test_a_flood_of_problems_is_cut_short(blocks: dict[str, Any], refusal: Any) -> None:
    blocks["identity"].update({f"key{i}": i for i in range(200)})
    blocks["design"]["unit" * 20_000] = 1
    blocks["outcomes"]["primary"]["indicator"] = "x" * 20_000
    error = refusal(blocks)
    assert len(error.problems) == 202
    assert "and 162 more" in str(error)
    assert len(str(error)) < 40_000


def test_keys_that_are_no_text_are_refused(load: Any, valid_text: str) -> None:
    with pytest.raises(InvalidParametersError) as caught:
        load(valid_text.replace("  title: An example", "  title: An example\n  1: a") + "2: b\n")
    said = str(caught.value)
    assert "identity.1: the key 1 is no text" in said
    assert "unknown block '2'" in said


def test_a_file_without_a_schema_version_is_refused(blocks: dict[str, Any], refusal: Any) -> None:
    del blocks["schema"]
    [problem] = refusal(blocks).problems
    assert "add 'schema: 1'" in problem.remedy


def test_a_page_validates_only_the_blocks_it_was_given(blocks: dict[str, Any]) -> None:
    page = Evaluation.of_blocks({"design": blocks["design"]}, where="page effect")
    assert page.design.start == "2016"
    assert page.has("design")
    assert not page.has("design", "data")


def test_reading_a_block_that_a_page_was_not_given_says_how_to_declare_it(
    blocks: dict[str, Any],
) -> None:
    page = Evaluation.of_blocks({"design": blocks["design"]}, where="page effect")
    with pytest.raises(ParametersError, match="the block 'equity' is read here") as caught:
        _ = page.equity
    assert caught.value.where == "page effect"
    assert "'parameters'" in caught.value.remedy


def test_rules_between_blocks_hold_on_a_page_once_all_their_blocks_are_there(
    blocks: dict[str, Any],
) -> None:
    blocks["outcomes"]["primary"]["horizon"] = "2012"
    given = {name: blocks[name] for name in ("data", "outcomes")}
    Evaluation.of_blocks(given, where="page")
    with pytest.raises(InvalidParametersError, match="comes before the start"):
        Evaluation.of_blocks({**given, "design": blocks["design"]}, where="page")


def test_a_page_is_named_where_its_blocks_are_wrong(blocks: dict[str, Any]) -> None:
    blocks["design"]["strat"] = "2016"
    with pytest.raises(InvalidParametersError) as caught:
        Evaluation.of_blocks({"design": blocks["design"]}, where="page effect")
    assert caught.value.where == "page effect, design.strat"
    assert caught.value.remedy == "did you mean 'start'?"


def test_an_unknown_block_on_a_page_is_refused(blocks: dict[str, Any]) -> None:
    with pytest.raises(InvalidParametersError, match="unknown block 'desing'"):
        Evaluation.of_blocks({"desing": blocks["design"]}, where="page")


def test_how_a_file_is_written_does_not_change_its_canonical_blocks(
    load: Any, valid_text: str, blocks: dict[str, Any]
) -> None:
    blocks["identity"]["synthetic"] = False
    blocks["data"]["sources"][0]["format"] = "csv"
    blocks["data"]["sources"][0]["total"] = ["all"]
    blocks["robustness"] = {"leave_one_out": False}
    blocks["release"] = {}
    spelt_out = Evaluation.of_blocks(dict(reversed(blocks.items())), where="page")
    assert list(spelt_out.blocks()) == list(load(valid_text).blocks())
    assert spelt_out.blocks() == load(valid_text).blocks()


YEARS = st.integers(2011, 2019).map(str)


@st.composite
def varied(draw: st.DrawFn) -> dict[str, Any]:
    """Blocks that are valid and differ in everything that may differ."""
    start = draw(st.integers(2012, 2018))
    record = draw(st.booleans())
    columns: dict[str, Any] = {"numerator": draw(st.sampled_from(["deaths", ["deaths"]]))}
    if record:
        columns["denominator"] = draw(st.sampled_from(["known", "all", "eligible", ["eligible"]]))
    else:
        columns["denominator"] = draw(st.sampled_from(["births", "all", ["births", "deaths"]]))
    source: dict[str, Any] = {
        "id": "births",
        "title": draw(st.text("abc äß'\"#:", min_size=1).filter(str.strip)),
        "publisher": "Office",
        "edition": "first",
        "licence": "agreement",
        "status": draw(st.sampled_from(["final", "provisional", "mixed"])),
        "path": draw(st.sampled_from(["data/a.csv", "data/a.parquet"])),
        "level": "record" if record else "aggregated",
        "columns": {"period": "year"},
        "dimensions": {"imd-quintile": "q"},
        "indicators": {"stillbirth": columns},
    }
    if draw(st.booleans()):
        source["total"] = draw(st.sampled_from(["all", ["all", "England"], 99]))
    level_type = draw(st.sampled_from([int, str]))
    return {
        "data": {"frequency": "year", "sources": [source]},
        "outcomes": {
            "primary": {
                "indicator": "stillbirth",
                "measure": "sii",
                "scale": "absolute",
                "horizon": draw(st.sampled_from([start, str(start), "2019"])),
            }
        },
        "equity": {
            "dimension": "imd-quintile",
            "levels": [level_type(i) for i in range(1, 6)],
            "direction": "1-is-most-deprived",
            "edition": "IMD 2019",
        },
        "design": {
            "type": "its",
            "unit": "England",
            "start": draw(st.sampled_from([start, str(start)])),
            "exclude_periods": draw(st.lists(YEARS, unique=True, max_size=3)),
        },
        "robustness": {
            "exclude_periods": draw(
                st.lists(st.lists(YEARS, unique=True, min_size=1, max_size=3), max_size=3)
            ),
            "newey_west_lag": draw(st.sampled_from([None, 0, 4])),
        },
    }


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(varied())
def test_canonical_blocks_are_stable_when_read_again(given_blocks: dict[str, Any]) -> None:
    once = Evaluation.of_blocks(given_blocks, where="page")
    again = Evaluation.of_blocks(once.blocks(), where="page")
    assert again == once
    assert again.blocks() == once.blocks()


def test_validated_blocks_cannot_be_reassigned(blocks: dict[str, Any]) -> None:
    page = Evaluation.of_blocks({"design": blocks["design"]}, where="page")
    with pytest.raises(ValidationError, match="frozen"):
        page.design.start = "2017"
