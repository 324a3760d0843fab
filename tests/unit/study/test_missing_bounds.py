"""People of unknown group: bounds, and how unlike the others they would have to be, as rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from evaluations import PROJECT, Blocks, Edit, read, run_page, untraced, write_made_up

from equieval.methods.missing_groups import missing_group_bounds, plausibility_needed
from equieval.study.analysis import Analysis
from equieval.study.audit_inequality import inequality
from equieval.study.baseline import baseline
from equieval.study.behind import series_cells
from equieval.study.missing_bounds import NEEDED, WITHOUT_CHANCE, needed_once

MADE = {"births_per_period": 30_000, "periods": 40, "start": "2015-01", "gradient": 2.5}
UNKNOWN = "unknown"
PLAUSIBILITY = [1.5, 3]


def with_unknown(blocks: Blocks) -> None:
    blocks["equity"]["missing_levels"] = [UNKNOWN]
    blocks["robustness"]["missing_plausibility"] = PLAUSIBILITY


def write_unknown(root: Path, id: str, edit: Edit | None = None, *, absent: str = "") -> Path:
    """Write an evaluation in which one mother in nine lives at no known address.

    Parameters
    ----------
    absent : a period whose count of stillbirths to them is not known.
    """

    def edited(blocks: Blocks) -> None:
        with_unknown(blocks)
        if edit is not None:
            edit(blocks)

    path, _ = write_made_up(root, id, edited, after=12, **MADE)
    table = root / f"data/{id}.csv"
    data = pd.read_csv(table, dtype={"imd_decile": str})
    data = data[data["imd_decile"] != "all"]
    counts = ["live_births", "stillbirths"]
    unknown = data.groupby("period", sort=False)[counts].sum().floordiv(8).reset_index()
    unknown["stillbirths"] = unknown["stillbirths"].astype("Int64")
    unknown.loc[unknown["period"] == absent, "stillbirths"] = pd.NA
    pd.concat([data, unknown.assign(imd_decile=UNKNOWN)]).to_csv(table, index=False)
    return path


@pytest.fixture(scope="module")
def parameters(project: Path) -> Path:
    return write_unknown(project, "people-unknown")


@pytest.fixture(scope="module")
def found(project: Path, parameters: Path) -> Analysis:
    return baseline(*read(project, parameters))


def of_bounds(analysis: Analysis) -> pd.DataFrame:
    rows = analysis.estimates
    return rows[rows["estimator"].str.startswith((WITHOUT_CHANCE, NEEDED))].set_index("id")


def counts_before(project: Path, id: str, start: str) -> pd.DataFrame:
    """The counts of every group before the start, straight from the file."""
    data = pd.read_csv(project / f"data/{id}.csv", dtype={"imd_decile": str})
    data = data[data["period"] < start]
    data["denominator"] = data["live_births"] + data["stillbirths"]
    sums = data.groupby("imd_decile")[["stillbirths", "denominator"]].sum().reset_index()
    return sums.set_axis(["stratum", "numerator", "denominator"], axis=1)


def test_bounds_and_what_is_needed_are_rows_with_stable_keys(
    project: Path, parameters: Path, found: Analysis
) -> None:
    evaluation, _ = read(project, parameters)
    levels = list(evaluation.equity.levels)
    sums = counts_before(project, "people-unknown", evaluation.design.start)
    expected = missing_group_bounds(sums, levels, [UNKNOWN], per=1000, plausibility=[1.5])
    expected = expected.set_index("measure")
    rows = of_bounds(found)
    stem = "baseline-inequality.stillbirth"
    for measure in ("gap", "sii"):
        row = rows.loc[f"{stem}.{measure}-bounds.all.1.5"]
        assert row["estimate"] == pytest.approx(expected.loc[measure, "known"])
        assert row["ci_low"] == pytest.approx(expected.loc[measure, "low"], rel=1e-5)
        assert row["ci_high"] == pytest.approx(expected.loc[measure, "high"], rel=1e-5)
        needed = plausibility_needed(sums, levels, [UNKNOWN], measure)
        assert rows.loc[f"{stem}.{measure}-needed.all", "estimate"] == pytest.approx(needed)
    factors = {key.partition(".all.")[2] for key in rows.index if "bounds" in key}
    assert factors == {"1", "1.5", "3", "any"}


def test_the_page_says_how_unlike_they_would_have_to_be(
    project: Path, parameters: Path, found: Analysis, tmp_path: Path
) -> None:
    page = run_page(project, parameters, "baseline-inequality", tmp_path)
    words = page.words("missing-groups")
    needed = of_bounds(found).loc["baseline-inequality.stillbirth.sii-needed.all", "estimate"]
    assert f"differ from the others by a factor of {needed:.2f} or more" in words
    assert (
        "chance comes on top of these bounds (Horowitz and Manski 2000)"
        in words.lower().replace("horowitz and manski", "Horowitz and Manski")
    )
    assert untraced(page) == []


def test_the_bounds_rest_on_the_counts_before_the_start(
    project: Path, parameters: Path, found: Analysis
) -> None:
    evaluation, observations = read(project, parameters)
    cells = series_cells(evaluation, observations, "baseline-inequality", found.estimates)
    rows = of_bounds(found)
    mine = cells.set_index("id").loc[rows[rows["estimate"].notna()].index]
    sums = counts_before(project, "people-unknown", evaluation.design.start)
    assert set(mine["events"]) == {sums["numerator"].min()}


def test_a_period_with_a_count_missing_is_left_out_whole(project: Path, found: Analysis) -> None:
    path = write_unknown(project, "one-missing", absent="2015-03")
    evaluation, observations = read(project, path)
    key = "baseline-inequality.stillbirth.sii-bounds.all.1.5"
    row = of_bounds(baseline(evaluation, observations)).loc[key]
    assert row["estimate"] != of_bounds(found).loc[key, "estimate"]
    data = pd.read_csv(project / "data/one-missing.csv", dtype={"imd_decile": str})
    data[data["period"] != "2015-03"].to_csv(project / "data/one-missing.csv", index=False)
    kept = counts_before(project, "one-missing", evaluation.design.start)
    levels = list(evaluation.equity.levels)
    expected = missing_group_bounds(kept, levels, [UNKNOWN], per=1000, plausibility=[1.5])
    known = expected.set_index("measure").loc["sii", "known"]
    assert row["estimate"] == pytest.approx(known)


def test_every_group_without_an_order_has_its_own_factor() -> None:
    evaluation, observations = read(PROJECT, PROJECT / "params/midwifery-continuity-staggered.yaml")
    frame = baseline(evaluation, observations).frame("bounds")
    assert len(needed_once(frame)) == len(evaluation.equity.levels) - 1
    for _, own in frame.groupby("stratum"):
        needed = float(own["needed"].iloc[0])
        finite = own[own["plausibility"] < float("inf")]
        for row in finite.to_dict("records"):
            open_there = row["low"] <= 0 <= row["high"]
            assert open_there == (row["plausibility"] >= needed)


def test_an_audits_bounds_without_chance_and_what_is_needed_have_rows_of_their_own() -> None:
    given = read(PROJECT, PROJECT / "params/maternity-equity-audit-ashmere.yaml")
    audited = inequality(*given)
    rows, frame = audited.estimates.set_index("id"), audited.frame("bounds")
    for bound in frame.to_dict("records"):
        alone = rows.loc[bound["known_id"]]
        assert (alone["estimate"], alone["ci_low"], alone["ci_high"]) == (
            bound["known"], bound["low"], bound["high"]
        )  # fmt: skip
        needed = rows.loc[bound["needed_id"]]
        if bound["needed"] == float("inf"):
            assert pd.isna(needed["estimate"])
            assert "No way" in needed["note"]
        else:
            assert needed["estimate"] == bound["needed"]
    assert (frame["needed"] < float("inf")).any()
    assert (frame["needed"] == float("inf")).any()
