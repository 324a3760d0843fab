"""The verdict is what the rules say: "cannot say" on England, the truth where data can carry it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from evaluations import ENGLAND, Shown, all_estimates, read, run_page, write_evaluation
from evaluations import write_made_up as write

from equieval.study.appraisal import Appraisal, judge

PAGES = ("effect", "inequality-effect", "index")
# Rare events in ten groups by month: enough births for ten events in the smallest cell.
LONG: dict[str, Any] = {"births_per_period": 90_000, "noise": 0.05, "gap_noise": 0.05, "phi": 0.2}
NARROWER: dict[str, Any] = {"level": -0.6, "gap_level": -1.5}
WIDER: dict[str, Any] = {"level": 0.6, "gap_level": 1.5}
DIRECTIONS = {"narrower": NARROWER, "wider": WIDER}


def judged(root: Path, path: Path) -> Appraisal:
    evaluation, observations = read(root, path)
    return judge(evaluation, observations, all_estimates(evaluation, observations))


def test_englands_verdict_is_cannot_say_and_the_degrees_of_freedom_are_the_reason(
    project: Path,
) -> None:
    found = judged(project, project / "params" / f"{ENGLAND}.yaml")
    assert found.inequality.verdict == "cannot-say"
    assert found.outcome.verdict == "cannot-say"
    assert found.certainty == "very-low"
    checks = found.inequality.checks.set_index("id")
    failed = checks.index[checks["judgement"] == "cannot say"].tolist()
    assert failed == ["degrees-of-freedom"]
    # METHODS: level 7-8, slope change .2-.4; the effect at 2019 needs both
    assert checks.loc["degrees-of-freedom", "found"] < 4
    assert "degrees of freedom" in found.inequality.reasons[0]


def test_england_is_not_named_by_the_rules_another_long_series_of_the_same_shape_is_judged(
    project: Path,
) -> None:
    same = write_evaluation(project, "england-renamed")
    assert judged(project, same).inequality.verdict == "cannot-say"
    # no effect, but months instead of years: the same rules now give an answer
    monthly, _ = write(project, "nothing-happened", seed=3, **LONG)
    found = judged(project, monthly)
    assert found.inequality.verdict == "no-clear-change"
    assert found.outcome.verdict == "no-clear-change"
    assert found.inequality.level == "can carry"


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("direction", DIRECTIONS)
def test_a_known_effect_is_found_with_its_direction(
    project: Path, direction: str, seed: int
) -> None:
    truth = DIRECTIONS[direction]
    path, made = write(project, f"{direction}-{seed}", seed=seed, **LONG, **truth)
    found = judged(project, path)
    assert found.inequality.verdict == {"narrower": "narrowed", "wider": "widened"}[direction]
    assert found.outcome.verdict == {"narrower": "improved", "wider": "worsened"}[direction]
    row = found.inequality.estimate
    assert row["ci_low"] < made.truth["gap_level"] < row["ci_high"]
    assert found.certainty == "not-rated"  # synthetic data are no evidence


@pytest.mark.slow
def test_where_one_stated_choice_turns_the_direction_every_page_says_cannot_say(
    project: Path, tmp_path: Path
) -> None:
    """A step down, asked again with the horizon as start: the step is now part of the trend."""

    def start_at_the_horizon(blocks: dict[str, Any]) -> None:
        blocks["robustness"]["alternative_starts"] = [blocks["outcomes"]["primary"]["horizon"]]

    path, _ = write(
        project, "turns", start_at_the_horizon, seed=2, after=36, births_per_period=1_000_000,
        noise=0.01, gap_noise=0.01, **NARROWER,
    )  # fmt: skip
    found = judged(project, path).inequality
    assert found.estimate["ci_high"] < 0
    assert found.level == "can carry"
    assert found.verdict == "cannot-say"
    assert found.reasons == ("the direction turns with one choice (start in January 2019)",)
    for slug in ("inequality-effect", "index"):
        shown = run_page(project, path, slug, tmp_path)
        assert "cannot say whether the deprivation gap" in shown.words("answer"), slug
    assert "cannot say" in shown.title("headline")


@pytest.mark.slow
def test_the_opposite_effect_gets_the_opposite_words_on_every_page(
    project: Path, tmp_path: Path
) -> None:
    """The real notebooks on two evaluations that differ in the direction of the truth."""
    reports: dict[str, dict[str, Shown]] = {}
    for direction, truth in DIRECTIONS.items():
        path, _ = write(project, f"report-{direction}", **LONG, **truth)
        pages = tmp_path / direction
        reports[direction] = {slug: run_page(project, path, slug, pages) for slug in PAGES}
    for direction, other, rate, verdict, sign in (
        ("narrower", "wider", "better", "narrowed", "−"),
        ("wider", "narrower", "worse", "widened", "+"),
    ):
        report = reports[direction]
        summary, on_rate, on_gap = report["index"], report["effect"], report["inequality-effect"]
        said = f"The deprivation gap in stillbirth was {direction} than expected after"
        for shown in (summary, on_gap):
            assert said in shown.words("answer")
        assert f"was {rate} than expected after" in on_rate.words("answer")
        points = summary.words("key-points").splitlines()
        assert said in points[0]
        assert f"was {rate} than expected after" in points[1]
        assert f"{other} than expected" not in " ".join(points)
        title = summary.title("headline")
        assert f"stillbirth rate was {rate} than expected" in title
        assert f"the gap was {direction} than expected" in title
        assert title.partition(" the ")[2] in summary.alternative_text("headline")
        brief = json.loads(summary.file("headline.json"))
        assert brief["verdict"] == verdict
        assert brief["answer"].startswith(said)
        assert brief["effect_on_gap"].startswith(sign)
        place = {"narrower": "below", "wider": "above"}[direction]
        for shown in (on_rate, on_gap):
            assert f"was {place} what the earlier trend would give" in shown.title("series")
            assert f"({rate})" in shown.alternative_text("series")
    for slug, figure in (
        ("effect", "series"),
        ("inequality-effect", "series"),
        ("index", "headline"),
    ):
        one, another = (reports[direction][slug].file(f"{figure}.svg") for direction in DIRECTIONS)
        assert one != another


@pytest.mark.parametrize(
    ("frequency", "start", "horizon", "words"),
    [
        ("quarter", "2005-Q1", "2012-Q2", "2012 Q2"),
        ("financial-year", "1990/91", "2008/09", "2008/09"),
    ],
)
def test_periods_are_named_as_the_parameters_write_them_at_every_frequency(
    project: Path, tmp_path: Path, frequency: str, start: str, horizon: str, words: str
) -> None:
    def at(blocks: dict[str, Any]) -> None:
        blocks["outcomes"]["primary"]["horizon"] = horizon

    periods = {"quarter": 48, "financial-year": 30}[frequency]
    path, _ = write(
        project, f"by-{frequency}", at, frequency=frequency, start=start, periods=periods,
        after=1, births_per_period=200_000, **NARROWER,
    )  # fmt: skip
    evaluation, observations = read(project, path)
    estimates = all_estimates(evaluation, observations)
    primary = estimates[estimates["role"] == "primary"].iloc[0]
    assert primary["horizon"] == horizon
    assert math.isfinite(primary["estimate"])
    for slug in ("baseline-inequality", "inequality-effect"):
        shown = run_page(project, path, slug, tmp_path)
    assert f"in {words}" in shown.words("answer")
