"""Who is compared with whom, over which periods: what is left out is left out with its reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from comparisons import write_comparison
from evaluations import Blocks, Edit, read

from equieval.data import Observations
from equieval.errors import DesignError
from equieval.protocol import Evaluation
from equieval.study import describe
from equieval.study.did import effect
from equieval.study.panel import (
    PanelDesign,
    measure_panel,
    panel_design,
    rate_panel,
    shares_before,
)
from equieval.study.panel_adequacy import panel_checks

Read = tuple[Evaluation, Observations]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panels")


@pytest.fixture(scope="module")
def compared(root: Path) -> Read:
    return read(root, write_comparison(root, "compared")[0])


def designed(root: Path, edit: Edit | None = None, **words: Any) -> PanelDesign:
    return panel_design(*read(root, write_comparison(root, "designed", edit, **words)[0]))


def refused(root: Path, edit: Edit | None = None, **words: Any) -> DesignError:
    path, _ = write_comparison(root, "refused", edit, **words)
    with pytest.raises(DesignError) as found:
        panel_design(*read(root, path))
    assert found.value.remedy
    return found.value


def test_all_units_that_the_protocol_names_are_compared(compared: Read) -> None:
    evaluation, observations = compared
    design = panel_design(evaluation, observations)
    assert design.units == (*evaluation.design.treated, *evaluation.design.controls)  # type: ignore[union-attr]
    assert set(design.units) == set(observations.units)
    assert str(design.start) == "2022Q1"
    assert not design.staggered
    assert design.left_out.empty


def test_a_unit_that_the_data_do_not_have_is_refused_with_the_name_that_is_meant(
    root: Path,
) -> None:
    def misspelt(blocks: Blocks) -> None:
        blocks["design"]["controls"][0] += "s"

    found = refused(root, misspelt)
    assert (found.where, "the data have no LMNS") == ("design.controls", found.what[:21])
    assert "did you mean" in found.remedy


def test_a_unit_that_the_design_forgets_is_refused_not_dropped(root: Path) -> None:
    names: list[str] = []
    found = refused(root, lambda blocks: names.append(blocks["design"]["controls"].pop()))
    assert names[0] in found.what
    assert "design.exclusions" in found.remedy


def test_a_unit_without_a_figure_in_one_group_is_left_out_and_the_reason_says_where(
    root: Path,
) -> None:
    def gap(table: pd.DataFrame) -> pd.DataFrame:
        unit = sorted(table["lmns"].unique())[0]
        hole = (table["lmns"] == unit) & (table["quarter"] == "2021-Q2")
        hole &= table["imd_quintile"] == "3"
        assert hole.sum() == 1
        return table.assign(smokers=table["smokers"].mask(hole))

    path, _ = write_comparison(root, "gap", table=gap)
    evaluation, observations = read(root, path)
    design = panel_design(evaluation, observations)
    assert len(design.units) == len(observations.units) - 1
    (row,) = design.left_out.to_dict("records")
    assert row["unit"] not in design.units
    assert row["reason"] == "no figure for 2021-Q2 (group 3)"
    units = effect(evaluation, observations).frame("units")
    assert units.loc[units["unit"] == row["unit"], "reason"].item() == row["reason"]
    said = describe.at_a_glance(evaluation, observations).set_index("item")["words"]["Left out"]
    assert said == f"{row['unit']} (no figure for 2021 Q2 (group 3))"


def test_rows_that_are_not_there_are_missing_figures_too(root: Path) -> None:
    def absent(table: pd.DataFrame) -> pd.DataFrame:
        unit = sorted(table["lmns"].unique())[0]
        return table[(table["lmns"] != unit) | (table["quarter"] != "2023-Q4")]

    design = designed(root, table=absent)
    assert design.left_out["reason"].tolist() == ["no figure for 2023-Q4 (group 1, 2, 3)"]
    # A period that the protocol leaves out may be missing.
    kept = designed(
        root, lambda blocks: blocks["design"].update(exclude_periods=["2023-Q4"]), table=absent
    )
    assert kept.left_out.empty


def test_too_few_complete_units_are_refused_with_what_each_lacks(root: Path) -> None:
    def holes(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(smokers=table["smokers"].mask(table["quarter"] == "2021-Q2"))

    found = refused(root, table=holes)
    assert "too few treated units are left with a figure in every period" in found.what
    assert "no figure for 2021-Q2" in found.what


def test_exclusions_keep_the_reason_that_the_protocol_gives(root: Path) -> None:
    def next_door(blocks: Blocks) -> None:
        unit = blocks["design"]["controls"].pop()
        blocks["design"]["exclusions"] = [{"unit": unit, "reason": "It shares a midwifery team."}]

    design = designed(root, next_door)
    assert design.left_out["reason"].tolist() == ["It shares a midwifery team."]
    assert design.left_out["unit"].item() not in design.units


def test_the_headline_ends_at_the_horizon_and_leaves_anticipation_and_exclusions_out(
    root: Path,
) -> None:
    def narrower(blocks: Blocks) -> None:
        blocks["design"] |= {
            "anticipation": 2, "exclude_periods": ["2022-Q2"], "first_period": "2020-Q3",
        }  # fmt: skip

    path, _ = write_comparison(root, "window", narrower)
    evaluation, observations = read(root, path)
    design = panel_design(evaluation, observations)
    panel = rate_panel(observations, "smoking-at-delivery", design.to_horizon())
    treated = panel[panel["treated"] == 1]
    others = panel[panel["treated"] == 0]
    before = ["2020Q3", "2020Q4", "2021Q1", "2021Q2"]
    after = ["2022Q1", "2022Q3", "2022Q4", "2023Q1", "2023Q2"]
    assert sorted(set(treated["period"].astype(str))) == [*before, *after]
    assert sorted(set(others["period"].astype(str))) == [*before, *after]
    assert treated.groupby("period")["exposed"].max().tolist() == [0.0] * 4 + [1.0] * 5
    assert others["exposed"].sum() == 0


def test_units_that_join_after_the_horizon_are_not_counted_as_treated(root: Path) -> None:
    def early(blocks: Blocks) -> None:
        blocks["outcomes"]["primary"]["horizon"] = "2022-Q1"

    path, _ = write_comparison(root, "early", early, kind="staggered-did")
    evaluation, observations = read(root, path)
    waves = list(evaluation.design.adoption.values())  # type: ignore[union-attr]
    begun = waves.count("2021-Q3")
    assert 0 < begun < len(waves)
    checks = panel_checks(evaluation, observations).set_index("id")
    assert checks.loc["treated-units", "found"] == begun
    rows = effect(evaluation, observations).estimates
    headline = rows[(rows["estimator"] == "Callaway–Sant'Anna") & (rows["scale"] == "absolute")]
    assert headline["n_treated_units"].item() == begun


def test_the_gap_and_the_slope_index_of_a_unit_are_those_computed_by_hand(compared: Read) -> None:
    """The formulas of the field, written out: y1 − yK, and the weighted regression on ridits."""
    evaluation, observations = compared
    design = panel_design(evaluation, observations)
    rows = observations.strata("smoking-at-delivery")
    unit, period = design.controls[3], design.periods[5]
    cell = rows[(rows["unit"] == unit) & (rows["period"] == period)].set_index("stratum")
    rates = (100 * cell["numerator"] / cell["denominator"]).loc[list("12345")].to_numpy()
    earlier = rows[rows["unit"].isin(list(design.adoption)) & (rows["period"] < design.start)]
    births = earlier.groupby("stratum")["denominator"].sum().loc[list("12345")].to_numpy()
    share = births / births.sum()
    ridit = np.cumsum(share) - share / 2
    slope = np.polyfit(ridit, rates, 1, w=np.sqrt(share))[0]
    expected = {"gap": rates[0] - rates[-1], "sii": -slope}
    assert shares_before(evaluation, observations, design).to_numpy() == pytest.approx(share)
    for measure, value in expected.items():
        panel = measure_panel(evaluation, observations, measure, design)
        found = panel[(panel["unit"] == unit) & (panel["period"] == period)]
        assert found["value"].item() == pytest.approx(value, abs=1e-10)
