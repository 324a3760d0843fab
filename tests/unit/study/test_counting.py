"""Who counts how much and what is adjusted for: as the protocol says, by another route."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from comparisons import write_comparison
from evaluations import Blocks, Edit, read

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.study.approach import approach_of
from equieval.study.covariates import refuse_uncarried
from equieval.study.event_studies import blocked_study, for_event_study
from equieval.study.panel import panel_design, rate_panel
from equieval.study.synthetic import synthetic_frames

Read = tuple[Evaluation, Observations]
BOOKING = "booking-by-10-weeks"
OUTCOME = "smoking-at-delivery"
TREATED = (5, 8, 10, 12, 14, 15, 17, 18, 20, 21, 23)  # of 24, mostly those that book early


def weighing(weighting: str) -> Edit:
    def edit(blocks: Blocks) -> None:
        blocks["outcomes"]["primary"]["weighting"] = weighting

    return edit


def adjusting(blocks: Blocks) -> None:
    blocks["data"]["sources"][0]["indicators"][BOOKING] = {
        "numerator": ["booked"], "denominator": ["women_status_known"],
    }  # fmt: skip
    blocks["design"]["covariates"] = [BOOKING]
    units = sorted([*blocks["design"]["treated"], *blocks["design"]["controls"]])
    treated = [units[place] for place in TREATED]
    blocks["design"] |= {
        "treated": treated, "controls": [unit for unit in units if unit not in treated],
    }  # fmt: skip
    blocks["outcomes"]["primary"]["weighting"] = "equal"


def booked(table: pd.DataFrame) -> pd.DataFrame:
    """Give units that book early, as more of the treated do, more smokers year by year."""
    units = sorted(table["lmns"].unique())
    rank = pd.Series(np.linspace(0, 1, len(units)), units)
    early = table["lmns"].map(rank)
    quarter = table["quarter"].rank(method="dense")
    more = 0.01 * early * quarter * table["women_status_known"]
    return table.assign(
        booked=(table["women_status_known"] * (0.4 + 0.4 * early)).round(),
        smokers=(table["smokers"] + more).round(),
    )


@pytest.fixture(scope="module")
def adjusted(tmp_path_factory: pytest.TempPathFactory) -> Read:
    root = tmp_path_factory.mktemp("adjusted")
    path, _ = write_comparison(
        root,
        "adjusted",
        adjusting,
        units=24,
        treated=11,
        table=booked,
        effect=dict.fromkeys("12345", 0.0),
    )
    return read(root, path)


@pytest.fixture(scope="module")
def staggered(tmp_path_factory: pytest.TempPathFactory) -> Read:
    root = tmp_path_factory.mktemp("staggered")
    path, _ = write_comparison(root, "sized", weighing("fixed-shares"), kind="staggered-did")
    return read(root, path)


def test_a_covariate_is_its_level_before_the_start_and_the_estimate_a_regression_of_changes(
    adjusted: Read,
) -> None:
    evaluation, observations = adjusted
    design = panel_design(evaluation, observations)
    rows = observations.overall(BOOKING)
    sums = rows[rows["period"] < design.start].groupby("unit")[["numerator", "denominator"]].sum()
    expected = 100 * sums["numerator"] / sums["denominator"]
    pd.testing.assert_series_equal(
        design.covariates[BOOKING].sort_index(), expected.sort_index(), check_names=False
    )
    # ordinary least squares of each unit's change, slopes on both sides (statsmodels)
    panel = rate_panel(observations, OUTCOME, design.to_horizon())
    found = approach_of(evaluation).compare(panel, None)
    after = panel["period"] >= design.start
    change = (
        panel[after].groupby("unit")["value"].mean() - panel[~after].groupby("unit")["value"].mean()
    )
    treated = panel.groupby("unit")["treated"].first()
    centred = expected - expected[treated == 1].mean()
    X = pd.DataFrame({"treated": treated, "x": centred, "both": treated * centred})
    fit = sm.OLS(change, sm.add_constant(X.loc[change.index])).fit()
    assert found.effect.estimate == pytest.approx(fit.params["treated"])
    assert found.interval == "wild-bootstrap"
    assert "adjusted for the rate of booking by 10 weeks before the start" in found.inference


def test_the_unadjusted_estimate_stands_beside_it_by_name(adjusted: Read) -> None:
    evaluation, observations = adjusted
    design = panel_design(evaluation, observations).to_horizon()
    panel = rate_panel(observations, OUTCOME, design)
    approach = approach_of(evaluation)
    ways = {name: estimate for name, _, _, estimate in approach.ways(panel)}
    plain = ways["TWFE, clustered errors, unadjusted"]()
    headline = approach.compare(panel, None).effect
    # there is no effect: what the trends did shows in the unadjusted estimate alone
    assert abs(headline.estimate) < 0.5 < abs(plain.estimate)
    assert ways["TWFE, adjusted, CR2 errors"]().estimate == pytest.approx(headline.estimate)
    assert ways["Doubly robust"]().estimate == pytest.approx(headline.estimate, abs=0.2)


def test_the_event_study_is_adjusted_too(adjusted: Read) -> None:
    evaluation, observations = adjusted
    shown = for_event_study(panel_design(evaluation, observations))
    panel = rate_panel(observations, OUTCOME, shown)
    found = blocked_study(panel, shown, observations.frequency).study.estimates
    plain = for_event_study(panel_design(evaluation, observations))
    plain = type(plain)(**{**vars(plain), "counting": plain.counting.unadjusted})
    other = blocked_study(panel, plain, observations.frequency).study.estimates
    # nothing was put in but the trends, which have gone furthest by the last block
    assert abs(found[-1]) < abs(other[-1]) / 2


def test_units_that_start_at_different_times_count_by_their_numbers_before_the_first(
    staggered: Read,
) -> None:
    evaluation, observations = staggered
    design = panel_design(evaluation, observations).to_horizon()
    panel = rate_panel(observations, OUTCOME, design)
    found = approach_of(evaluation).compare(panel, None)
    before = panel[panel["period"] < design.start].groupby("unit")["denominator"].sum()
    exposed = panel[panel["exposed"] == 1]
    expected = np.average(exposed["value"], weights=before[exposed["unit"]])
    assert found.observed == pytest.approx(expected)
    assert found.weighting == "each person counts the same, by the numbers before the start"
    sizes = [before[list(arm)] for arm in (design.adoption, design.controls)]
    alike = sum(int(size.sum() ** 2 / (size**2).sum()) for size in sizes)  # Kish
    assert f"tell as much as {alike} units alike" in found.reason
    assert found.effect.df < alike - 2 < len(design.units) - 2


def test_who_counts_how_much_moves_every_estimate_of_the_design(
    staggered: Read, tmp_path: Path
) -> None:
    path, _ = write_comparison(tmp_path, "equal", weighing("equal"), kind="staggered-did")
    answers = []
    for evaluation, observations in (staggered, read(tmp_path, path)):
        design = panel_design(evaluation, observations).to_horizon()
        approach = approach_of(evaluation)
        panel = rate_panel(observations, OUTCOME, design)
        ways = {name: estimate().estimate for name, _, _, estimate in approach.ways(panel)}
        gap = approach.joint(evaluation, observations, design).measures["estimate"].iloc[0]
        headline = approach.compare(panel, None).effect.estimate
        answers.append([headline, gap, ways["Imputation"], ways.get("TWFE, weighted")])
        if evaluation.identity.id == "sized":
            unweighted = ways["Callaway–Sant'Anna, unweighted"]
    sized, equal = answers
    assert equal[0] == pytest.approx(unweighted)
    assert all(mine != other for mine, other in zip(sized, equal, strict=True))


def test_several_treated_units_count_by_size_against_a_synthetic_comparison(
    tmp_path: Path,
) -> None:
    def two(blocks: Blocks) -> None:
        weighing("fixed-shares")(blocks)
        blocks["design"]["treated"].append(blocks["design"]["controls"].pop())

    path, _ = write_comparison(tmp_path, "two", two, kind="synthetic-did")
    evaluation, observations = read(tmp_path, path)
    design = panel_design(evaluation, observations)
    panel = rate_panel(observations, OUTCOME, design.to_horizon())
    found = approach_of(evaluation).compare(panel, None)
    before = panel[panel["period"] < design.start].groupby("unit")["denominator"].sum()
    arms = synthetic_frames(panel, rate_panel(observations, OUTCOME, design), design, OUTCOME)[
        "arms"
    ]
    drawn = arms[arms["arm"] == arms["arm"].iloc[0]].set_index("period")["rate"]
    after = drawn[(drawn.index >= design.start) & (drawn.index <= design.horizon)]
    assert found.observed == pytest.approx(after.mean())
    assert before[list(design.adoption)].nunique() == 2


@pytest.mark.parametrize(
    ("levels", "words"),
    [
        ({"a": 5.0}, "'a' was the same before the start"),
        ({"a": np.arange(40.0), "b": 3 * np.arange(40.0) + 1}, "'b' follows from the covariates"),
        ({"a": np.arange(40.0), "b": np.arange(40.0) ** 2, "c": np.arange(40.0) ** 3}, "at most"),
    ],
)
def test_covariates_that_tell_nothing_of_their_own_are_refused(
    levels: dict[str, object], words: str
) -> None:
    units = [f"u{number}" for number in range(40)]
    with pytest.raises(DesignError, match=words) as found:
        refuse_uncarried(pd.DataFrame(levels, index=units), units[:20], units[20:])
    assert found.value.where == "design.covariates"


def test_a_covariate_that_a_unit_lacks_before_the_start_is_refused_by_unit(
    tmp_path: Path,
) -> None:
    def without(table: pd.DataFrame) -> pd.DataFrame:
        table = booked(table)
        first = table["lmns"] == sorted(table["lmns"].unique())[0]
        return table.assign(booked=table["booked"].mask(first))

    path, _ = write_comparison(tmp_path, "lacking", adjusting, units=24, treated=11, table=without)
    with pytest.raises(DesignError, match=f"'{BOOKING}' is missing before the start for") as found:
        panel_design(*read(tmp_path, path))
    assert found.value.where == "design.covariates"
