"""What things are called, and the frames that figures and tables take."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from equieval.data import Observations
from equieval.protocol import INDICATORS, Evaluation, load_evaluation
from equieval.protocol.outcomes import ORDERED_MEASURES
from equieval.study import summary, views, words
from equieval.study.appraisal import Answer, judge
from equieval.study.baseline import shown_measures
from equieval.study.pages import EVERY_BLOCK, page_spec, pages_for
from equieval.study.robustness import robustness
from equieval.study.shown_placebos import where_none_can_be

OUTCOME = "stillbirth"


@pytest.mark.parametrize("id", INDICATORS)
def test_every_indicator_has_a_name_that_reads_in_a_sentence(id: str) -> None:
    name = words.outcome_name(id)
    assert "rate" in name
    first = name.removeprefix("rate of ").split()[0]
    assert first[0].islower() or first.isupper() or first[0].isdigit()


@pytest.mark.parametrize("measure", ["rate", *ORDERED_MEASURES])
def test_every_measure_has_a_name_and_a_unit_that_fit(measure: str) -> None:
    assert words.measure_name(measure) == words.MEASURES[measure]
    unit = words.measure_unit(measure, OUTCOME)
    assert (unit == "") == (measure in words.UNITLESS)


PARAMS = Path(__file__).parents[3] / "params"


def named(id: str) -> Evaluation:
    return load_evaluation(PARAMS / f"{id}.yaml")


def test_a_difference_names_the_groups_that_it_is_between() -> None:
    """The measures of deciles are between tenths, whatever a figure by fifths shows."""
    england = named("stillbirth-care-bundle-england")
    between = "difference between the most deprived and the least deprived tenth"
    assert words.measure_name("gap", england) == between
    staff = named("workforce-race-equality")
    assert words.measure_name("ratio", staff) == "ratio of the BME group to the White group"


def test_a_ratio_where_high_is_good_is_turned_round() -> None:
    """So that above 1 is worse for the worst-off, as for every other outcome."""
    access = named("young-peoples-mental-health-access")
    assert words.measure_name("ratio", access) == "ratio of the White group to the Black group"


@pytest.mark.parametrize(
    ("id", "page", "told"),
    [
        ("smokefree-pathway-smoking-at-delivery", "baseline-inequality", "24 LMNSs"),
        ("smokefree-pathway-controlled-its", "baseline-inequality", "the 8 LMNSs that take part"),
        ("smokefree-pathway-controlled-its", "data-audit", "24 LMNSs"),
        ("stillbirth-care-bundle-england", "baseline-inequality", "England"),
    ],
)
def test_a_page_that_does_not_read_the_place_says_whom_it_counts(
    id: str, page: str, told: str
) -> None:
    evaluation = named(id)
    spec = page_spec(evaluation.design.type, page)
    read = Evaluation.of_blocks(
        {name: block for name, block in evaluation.blocks().items() if name in spec.reads},
        where="page",
    )
    assert words.page_words(spec, read)["population"] == told


def test_what_an_evaluation_has_already_would_not_change_its_answer() -> None:
    level = "with caution"
    remedy = "more frequent figures (quarterly or monthly), or a comparison series"
    checks = pd.DataFrame({"judgement": [level], "remedy": [remedy]})
    answer = Answer("narrowed", pd.Series(dtype=float), checks, level, (), ())
    ways = {
        "stillbirth-care-bundle-england": [
            "more frequent figures (quarterly or monthly)",
            "a comparison series",
        ],
        "inclusion-outreach-booking": ["a comparison series"],
        "smokefree-pathway-controlled-its": ["a longer series"],
    }
    for id, told in ways.items():
        assert summary.would_change(answer, named(id)) == told


def test_ratios_and_relative_indices_have_no_unit_differences_have_the_indicators() -> None:
    assert words.measure_unit("rii", OUTCOME) == ""
    assert words.measure_unit("sii", OUTCOME) == "stillbirths per 1,000 total births"


def test_the_words_of_a_page_come_from_the_evaluation(evaluation: Evaluation) -> None:
    found = words.page_words(page_spec("its", "summary"), evaluation)
    assert found["outcome"] == "stillbirth rate"
    assert found["gap"] == "deprivation gap in stillbirth"
    assert found["intervention"] == "the Saving Babies' Lives care bundle"
    assert (found["start"], found["horizon"]) == ("2016", "2019")
    assert found["synthetic"] is False
    assert "Office for National Statistics (Open Government Licence v3.0)" in found["source"]
    # A page that does not read the block cannot name the intervention.
    assert "intervention" not in words.page_words(page_spec("its", "data-audit"), evaluation)


def test_every_page_reads_blocks_that_exist_and_needs_pages_that_exist() -> None:
    pages = pages_for("its")
    ids = [spec.id for spec in pages]
    assert len(set(ids)) == len(ids) == len({spec.slug for spec in pages})
    assert pages[0].slug == "index"
    for spec in pages:
        assert set(spec.reads) <= set(EVERY_BLOCK)
        assert set(spec.needs) < set(ids) - {spec.id}


def test_the_headline_estimator_comes_first_and_alone_is_primary(
    estimates: pd.DataFrame,
) -> None:
    shown = views.estimators(estimates, OUTCOME, "sii")
    labels = shown["label"].tolist()
    assert labels[0] == "REML with AR(1) errors (headline)"
    assert {"Ordinary least squares", "Least squares, Newey–West errors"} <= set(labels)
    assert shown["primary"].tolist() == [True, *[False] * (len(labels) - 1)]
    ratios = views.estimators(estimates, OUTCOME, "rate", scale="relative")
    assert "Quasi-Poisson with offset" in ratios["label"].tolist()


def test_the_effect_is_shown_as_a_difference_and_as_a_ratio(estimates: pd.DataFrame) -> None:
    both = views.absolute_and_relative(estimates, OUTCOME)
    assert both["scale"].tolist() == ["absolute", "relative"]
    assert (both["estimator"] == "REML AR(1)").all()


def test_groups_run_from_most_to_least_deprived_and_say_so(estimates: pd.DataFrame) -> None:
    at = estimates[(estimates["stratum"] != "all") & estimates["estimand"].str.endswith("horizon")]
    labels = views.by_group(at)["label"].tolist()
    assert labels == [
        "Fifth 1 (most deprived)", "Fifth 2", "Fifth 3", "Fifth 4", "Fifth 5 (least deprived)",
    ]  # fmt: skip


def test_three_numbered_groups_are_not_called_fifths() -> None:
    assert summary.group_labels(pd.Series(["1", "2", "3"]))[1] == "Group 2"
    named = pd.Series(["Core20", "the rest"])
    assert summary.group_labels(named) == ["Core20", "the rest"]


def test_the_headline_figure_has_every_group_the_whole_and_the_gap(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> None:
    frame = summary.headline_frame(evaluation, observations, estimates)
    assert frame["panel"].tolist() == ["group"] * 6 + ["gap"]
    whole = frame[(frame["panel"] == "group") & frame["primary"]]
    # the row that the title speaks of is the whole population, not the most deprived
    assert whole["label"].tolist() == ["All groups"]
    overall = judge(evaluation, observations, estimates).outcome.estimate
    assert whole["id"].tolist() == [overall["id"]]


def test_the_brief_answer_does_not_give_a_number_that_cannot_be_relied_on(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> None:
    found = judge(evaluation, observations, estimates)
    brief = summary.headline_record(evaluation, found)
    assert brief["verdict"] == "cannot-say"
    assert brief["effect_on_gap"] == brief["effect_on_outcome"] == "Cannot say"
    assert "cannot say" in brief["answer"]
    assert brief["certainty"] == "Very low"
    assert summary.would_change(found.inequality, evaluation) == [
        "more frequent figures for the same years (quarterly or monthly)",
        "a comparison series",
    ]


def test_the_line_of_the_slope_index_falls_by_the_index(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> None:
    frame = views.slope_fit(evaluation, observations, "2019")
    by_rank = frame.set_index("ridit")["fitted"]
    assert (frame["ridit"].iloc[0], frame["ridit"].iloc[-1]) == (0.0, 1.0)
    # DOMAIN's table: SII 2019 = 3.1749, the rate over all 3.8280
    assert by_rank[0.0] - by_rank[1.0] == pytest.approx(3.1749, abs=5.1e-5)
    assert by_rank.iloc[[0, -1]].mean() == pytest.approx(3.8280, abs=5.1e-5)


def test_variants_stand_under_the_estimate_as_reported(
    evaluation: Evaluation, observations: Observations, estimates: pd.DataFrame
) -> None:
    frame = robustness(evaluation, observations).frame("variants")
    shown = views.variants(frame, estimates, "sii")
    assert shown["label"].iloc[0] == "As reported"
    assert shown["primary"].tolist() == [True] + [False] * (len(shown) - 1)
    labels = shown["label"].tolist()
    assert "Start in 2017" in labels
    assert "Without 2020 and 2021" in labels
    # 14 years left out one by one; 2016 is a set of the protocol already
    assert sum(label.startswith("Without") for label in labels) == 15


def test_placebo_starts_that_six_points_cannot_carry_are_listed_with_the_reason(
    evaluation: Evaluation, observations: Observations
) -> None:
    found = robustness(evaluation, observations)
    shown = where_none_can_be(found.frame("placebo"), found.frame("controls"))
    starts = shown[shown["where"].str.startswith("Placebo start")]
    assert starts["where"].tolist() == [
        f"Placebo start: {year}" for year in (2013, 2013, 2014, 2014)
    ]
    assert starts["reading"].str.startswith("Cannot be estimated: ").all()
    # No control outcome and no placebo group: the table says that none was declared.
    assert shown["series"].tolist().count("None was declared beforehand") == 2


@pytest.mark.parametrize(
    ("measures", "shown"),
    [
        (["gap", "sii", "rii"], ["sii", "rii"]),
        (["gap"], ["gap"]),
        (["gap", "ratio"], ["gap", "ratio"]),
        (["sii", "concentration-index-relative"], ["sii", "concentration-index-relative"]),
    ],
)
def test_the_measures_that_are_drawn_are_those_of_the_protocol(
    evaluation: Evaluation, measures: list[str], shown: list[str]
) -> None:
    blocks = evaluation.blocks()
    blocks["equity"]["measures"] = measures
    blocks["outcomes"]["primary"]["measure"] = measures[0]
    changed = Evaluation.of_blocks({k: v for k, v in blocks.items() if k != "schema"}, where="test")
    drawn = shown_measures(changed)
    assert [measure.id for measure in drawn] == shown
    nulls = {"ratio": 1.0, "rii": 1.0}
    assert all(measure.null == nulls.get(measure.id, 0.0) for measure in drawn)
