"""Several units that start together: their sum in the headline, each and all of them beside it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from evaluations import Blocks, Edit, read, run_page, untraced
from several_units import REGION, UNITS, write_units

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.methods.its import effect_at, fit_reml_ar1
from equieval.methods.its_units import mixed_its, two_stage_its
from equieval.protocol import Evaluation
from equieval.study.analysis import Analysis
from equieval.study.behind import series_cells
from equieval.study.compared_series import compared_series
from equieval.study.its import effect, inequality_effect
from equieval.study.series import series_design
from equieval.study.series_units import FURTHER, IN_UNIT, MIXED, POOLED, TYPICAL

Read = tuple[Evaluation, Observations]
MOVED = {"level": -0.6, "gap_level": -0.5}


@pytest.fixture(scope="module")
def parameters(project: Path) -> Path:
    return write_units(project, "several-units", **MOVED)


@pytest.fixture(scope="module")
def given(project: Path, parameters: Path) -> Read:
    return read(project, parameters)


@pytest.fixture(scope="module")
def found(given: Read) -> Analysis:
    return effect(*given)


def of(analysis: Analysis, estimand: str, estimator: str | None = None) -> pd.DataFrame:
    rows = analysis.estimates
    rows = rows[(rows["estimand"] == f"rate: {estimand}") & (rows["scale"] == "absolute")]
    return rows if estimator is None else rows[rows["estimator"] == estimator]


def rates_by_unit(observations: Observations) -> pd.DataFrame:
    """The rates of each unit over all groups."""
    return observations.overall("stillbirth").rename(columns={"rate": "y"})


def test_the_headline_is_of_the_sum_and_the_rest_of_the_units(given: Read, found: Analysis) -> None:
    evaluation, observations = given
    design = series_design(evaluation, compared_series(evaluation, observations).observations)
    data = rates_by_unit(observations)
    summed = observations.table.groupby("period")[["numerator", "denominator"]].sum()
    whole = fit_reml_ar1(1000 * summed["numerator"] / summed["denominator"], design.matrix())
    headline = of(found, "effect at horizon", "REML AR(1)").iloc[0]
    expected = effect_at(whole, design.matrix(), design.horizon)
    assert headline["estimate"] == pytest.approx(expected.estimate)
    assert headline["ci_low"] == pytest.approx(expected.ci_low)

    two = two_stage_its(
        data, design.start, outcome="y", estimand=lambda fit, X: effect_at(fit, X, design.horizon)
    )
    typical, further = of(found, TYPICAL, POOLED).iloc[0], of(found, FURTHER).iloc[0]
    assert typical["estimate"] == pytest.approx(two.pooled.effect.estimate)
    assert typical["ci_low"] == pytest.approx(two.pooled.effect.ci_low)
    assert typical["n_units"] == 8
    assert further["ci_low"] == pytest.approx(two.pooled.prediction_low)
    assert further["ci_high"] == pytest.approx(two.pooled.prediction_high)

    mixed = mixed_its(data, design.start, outcome="y")
    row = of(found, TYPICAL, MIXED).iloc[0]
    expected = effect_at(mixed.fit, mixed.design, design.horizon)
    assert row["estimate"] == pytest.approx(expected.estimate)
    assert row["ci_high"] == pytest.approx(expected.ci_high)

    own = of(found, IN_UNIT)
    assert list(own["note"]) == list(UNITS)
    assert list(own["estimate"]) == pytest.approx(list(two.by_unit["estimate"]))


def test_every_row_says_how_its_interval_was_made(found: Analysis) -> None:
    rows = found.estimates
    beside = rows[rows["estimator"].isin([POOLED, MIXED]) | rows["estimand"].str.endswith(IN_UNIT)]
    assert beside["inference"].notna().all()
    said = list(found.frame("units-together")["made"])
    assert "Hartung–Knapp t on 7 df" in said[1]
    assert "prediction interval by the confidence distribution" in said[2]
    assert "sandwich by unit" in said[3]


def test_none_of_it_is_a_variant_that_a_verdict_heeds(found: Analysis) -> None:
    beside = of(found, TYPICAL)
    assert set(beside["estimand"]) & set(of(found, "effect at horizon")["estimand"]) == set()


def test_where_units_move_together_the_pooled_effects_have_no_interval(project: Path) -> None:
    units = UNITS[:5]
    given = read(project, write_units(project, "moving", units=units, together=True, **MOVED))
    hit = effect(*given)
    for row in pd.concat([of(hit, TYPICAL), of(hit, FURTHER)]).to_dict("records"):
        assert pd.notna(row["estimate"])
        assert pd.isna(row["ci_low"])
        assert "move together" in row["note"]
    assert of(hit, IN_UNIT)["ci_low"].notna().all()
    assert of(hit, "effect at horizon", "REML AR(1)")["ci_low"].notna().all()


def test_a_unit_that_cannot_be_fitted_keeps_a_row_with_its_reason(project: Path) -> None:
    path = write_units(project, "without-events", units=UNITS[:4], **MOVED)
    table = pd.read_csv(project / "data/without-events.csv")
    table.loc[table["unit"] == "Calder", "stillbirths"] = 0
    table.to_csv(project / "data/without-events.csv", index=False)
    few = effect(*read(project, path))
    calder = of(few, IN_UNIT).iloc[2]
    assert pd.isna(calder["estimate"])
    assert calder["note"].startswith("Calder: ")
    assert of(few, TYPICAL, POOLED)["n_units"].item() == 3
    mixed = of(few, TYPICAL, MIXED).iloc[0]
    assert pd.isna(mixed["estimate"])
    assert "4 units do not tell how units differ" in mixed["note"]
    shown = few.frame("units-together")
    assert list(shown["label"])[-1] == "Calder"
    assert shown["made"].notna().all()


def unnamed(blocks: Blocks) -> None:
    blocks["design"]["units"] = list(UNITS[1:])


def named_twice_over(blocks: Blocks) -> None:
    blocks["design"]["units"] = [*UNITS, "Ilkby"]


def not_listed(blocks: Blocks) -> None:
    del blocks["design"]["units"]


@pytest.mark.parametrize(
    ("edit", "where", "words"),
    [
        (unnamed, "design.units", "units that the design does not name: Ashby"),
        (named_twice_over, "design.units", "the data have no unit 'Ilkby'"),
        (not_listed, "design.unit", f"the design is about '{REGION}'"),
    ],
)
def test_units_that_are_not_those_of_the_data_are_refused(
    project: Path, edit: Edit, where: str, words: str
) -> None:
    with pytest.raises(DesignError, match=words) as refusal:
        effect(*read(project, write_units(project, "other-units", edit)))
    assert refusal.value.where == where
    assert refusal.value.remedy


def test_a_unit_left_out_with_a_reason_is_in_no_series(
    project: Path, given: Read, found: Analysis
) -> None:
    def left_out(blocks: Blocks) -> None:
        unnamed(blocks)
        blocks["design"]["exclusions"] = [{"unit": "Ashby", "reason": "It merged in 2016."}]

    fewer = effect(*read(project, write_units(project, "left-out", left_out, **MOVED)))
    assert list(of(fewer, IN_UNIT)["note"]) == list(UNITS[1:])
    one, other = (of(each, "effect at horizon", "REML AR(1)") for each in (fewer, found))
    assert one["estimate"].item() != other["estimate"].item()


def test_estimates_of_a_unit_rest_on_its_own_cells(given: Read, found: Analysis) -> None:
    evaluation, observations = given
    cells = series_cells(evaluation, observations, "effect", found.estimates).set_index("id")
    least = observations.overall("stillbirth").groupby("unit")["numerator"].min()
    for row in of(found, IN_UNIT).to_dict("records"):
        assert cells.loc[row["id"], "events"] == least[row["note"]]
    pooled = of(found, TYPICAL, POOLED)["id"].item()
    assert cells.loc[pooled, "events"] == least.min()


def test_the_pages_show_units_pooled_and_mixed_and_every_number_has_a_row(
    project: Path, parameters: Path, given: Read, tmp_path: Path
) -> None:
    page = run_page(project, parameters, "effect", tmp_path)
    assert "the sum of all 8 units" in page.words("units-words")
    assert "8 units" in page.title("units")
    assert "A further unit like these" in page.alternative_text("units")
    assert "Calder" in page.alternative_text("units")
    assert untraced(page) == []
    gap = run_page(project, parameters, "inequality-effect", tmp_path)
    table = pd.read_csv(gap.folder / "units-together.csv")
    rows = inequality_effect(*given).estimates.set_index("id")
    assert len(table) == 4
    for shown in table.to_dict("records"):
        assert shown["estimate"] == pytest.approx(rows.loc[shown["id"], "estimate"])
        assert shown["ci_low"] == pytest.approx(rows.loc[shown["id"], "ci_low"])
