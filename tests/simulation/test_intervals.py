"""The simulation itself: declared, resumable, the same for any number of processes, and judged.

A few quick cells run here; ``make validate`` runs the whole grid.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from intervals import answers, chunks, panels, results, staggered
from intervals.grid import BAND, GRID, LARGEST_GRID, REPLICATIONS, cell_by_id, role
from intervals.panels import PanelCell, measure_panel
from intervals.staggered import StaggeredCell
from scipy import stats
from statsmodels.stats.multitest import multipletests

from equieval.study.comparison import compare
from equieval.study.staggered import compare_staggered


def drawn(cell_id, replications):
    """Return the judged results of some replications of one cell."""
    cell = cell_by_id(cell_id)
    found = [
        (number, answer)
        for number in range(replications)
        for answer in cell.draw(number, chunks._seed(cell.id, number))
    ]
    table = results.summarise(answers.frame(found).assign(cell=cell_id), code="", version="")
    return results.judge(table).set_index(["measure", "estimand", "method"])


def outside(row):
    """P value of the hypothesis that this coverage lies in the band, or that none of it does."""
    return results._outside(int(row["covered"]), int(row["published"]))


def test_the_grid_is_declared_and_no_larger_than_promised():
    assert len(GRID) == len({cell.id for cell in GRID}) <= LARGEST_GRID == 40
    assert REPLICATIONS == 2_000
    assert BAND == (0.93, 0.97)
    panels = [cell for cell in GRID if isinstance(cell, PanelCell)]
    assert {cell.units for cell in panels} == {12, 24, 42}
    assert {cell.treated for cell in panels} == {1, 3, 12}
    assert {cell.rule.interval for cell in panels} == {
        "clustered",
        "wild-bootstrap",
        "reassignment",
        "none",
    }


def test_a_run_continues_and_is_the_same_on_one_or_two_processes(tmp_path, monkeypatch):
    monkeypatch.setattr(chunks, "CHUNK", 2)
    cells = [cell_by_id("its-12-phi0"), cell_by_id("did-12-1-24-phi4")]
    alone = chunks.plan(cells, 4, tmp_path / "one")
    together = chunks.plan(cells, 4, tmp_path / "two")
    assert len(list(chunks.run(alone, 1))) == 4
    assert len(list(chunks.run(together[:1], 1))) == 1  # interrupted here
    assert len(list(chunks.run(together, 2))) == 3
    assert not list(chunks.run(together, 2))
    pd.testing.assert_frame_equal(chunks.collect(alone), chunks.collect(together))


def test_a_cell_gets_a_first_round_before_any_cell_gets_all():
    planned = chunks.plan(GRID[:3], REPLICATIONS, Path("store"))
    first_round = 3 * chunks.FIRST_ROUND // chunks.CHUNK
    assert {chunk.cell for chunk in planned[:first_round]} == set(GRID[:3])
    assert all(chunk.last <= chunks.FIRST_ROUND for chunk in planned[:first_round])


def test_a_level_change_is_held_where_least_squares_loses_it():
    table = drawn("its-48-phi4", 120)
    level = ("rate", "level change")
    assert outside(table.loc[(*level, "reml-satterthwaite")]) > 1e-3
    assert outside(table.loc[(*level, "reml-kenward-roger")]) > 1e-3
    # 80 % in 250 replications of another implementation (R and statsmodels)
    assert table.loc[(*level, "newey-west"), "coverage"] < 0.9


def test_one_treated_unit_is_judged_by_reassignment_and_not_by_clusters():
    table = drawn("did-24-1-24-phi4", 33)
    for measure in ("rate", "gap"):
        row = table.loc[(measure, "average effect", "reassignment")]
        assert row["role"] == "headline"
        assert outside(row) > 1e-3
        clustered = table.loc[(measure, "average effect", "cr2")]
        assert clustered["role"] == "beside"
        # from one treated cluster nothing can be learnt, and it shows
        assert (
            clustered["median_width"]
            < 0.6 * table.loc[(measure, "average effect", "ferman-pinto"), "median_width"]
        )


@pytest.mark.parametrize("name", ["did-42-12-24-phi0", "did-12-3-24-phi4", "staggered-24"])
def test_the_headline_is_the_one_that_a_report_has(name, monkeypatch):
    cell = cell_by_id(name)
    seen = {}

    def recorded(units, measure):
        seen[measure] = measure_panel(units, measure)
        return seen[measure]

    module = staggered if isinstance(cell, StaggeredCell) else panels
    monkeypatch.setattr(module, "measure_panel", recorded)
    answers = cell.draw(1, 5)
    for measure, panel in seen.items():
        panel["treated"] = panel["first_exposed"].notna().astype(float)
        if module is staggered:
            expected = compare_staggered(panel, "not-yet-treated").effect
        else:
            expected = compare(panel).effect
        found = next(
            answer
            for answer in answers
            if answer.measure == measure
            and role(cell, measure, answer.estimand, answer.method) == "headline"
        )
        assert (found.estimate, found.low, found.high) == pytest.approx(
            (expected.estimate, expected.ci_low, expected.ci_high)
        )


def judged_rows(*counts):
    """Return one judged headline row for each ``(published, covered)``."""
    table = pd.DataFrame(
        [
            {
                "cell": "its-48-phi0",
                "measure": "rate",
                "estimand": f"row {number}",
                "method": "reml-satterthwaite",
                "replications": 2_000,
                "published": published,
                "cannot_say": 2_000 - published,
                "refused": 0,
                "covered": covered,
                "covered_if_shown": covered,
                "detected": 0,
            }
            for number, (published, covered) in enumerate(counts)
        ]
    )
    return results.judge(table)


def test_a_row_fails_when_its_coverage_is_outside_the_band_by_more_than_chance():
    table = judged_rows((2_000, 1_900), (2_000, 1_800), (2_000, 1_990), (100, 92), (0, 0))
    expected = ["holds", "too narrow", "too wide", "within error", "never given"]
    assert table["verdict"].tolist() == expected
    below = 2 * stats.binomtest(1_800, 2_000, 0.93, alternative="less").pvalue
    assert table.loc[1, "p_value"] == pytest.approx(below)
    verdicts = results.cell_verdicts(table, (cell_by_id("its-48-phi0"),))
    assert verdicts["verdict"].tolist() == ["failed"]


def test_holm_is_that_of_statsmodels():
    rng = np.random.default_rng(3)
    for _ in range(20):
        p_values = rng.uniform(size=30) ** 6
        expected = multipletests(p_values, alpha=0.01, method="holm")[0]
        assert (results._holm(p_values) == expected).all()
