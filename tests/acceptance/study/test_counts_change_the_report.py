"""Any input count that changes, changes the figure, its alternative text, its data and the words.

One count is changed by about a tenth (of the events) or a hundredth (of the births): enough
that the digits shown must move, whichever cell it is.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pytest
from evaluations import ENGLAND, TABLE, Shown, contents, run_page


class Cell(NamedTuple):
    """One published count, and what is counted in it."""

    year: str
    decile: str
    column: str


CELLS = (
    Cell("2010", "1", "stillbirths"),
    Cell("2015", "10", "stillbirths"),
    Cell("2023", "5", "live_births"),
)
TOTAL = Cell("2019", "all", "stillbirths")
"""A published total bears on the rate over all groups, and on nothing that compares them."""

PAGES = ("baseline-inequality", "effect", "inequality-effect", "index")
Report = dict[str, Shown]


def change(table: Path, cell: Cell) -> None:
    """Change one count, and the total of its year with it, as a publisher would."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    by = 40 if cell.column == "stillbirths" else 4000
    for row in rows:
        if row["year"] == cell.year and row["imd_decile"] in (cell.decile, "all"):
            row[cell.column] = str(int(row[cell.column]) + by)
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def report(project: Path, name: str, pages: tuple[str, ...] = PAGES) -> Report:
    parameters = project / "params" / f"{ENGLAND}.yaml"
    return {slug: run_page(project, parameters, slug, project / "pages" / name) for slug in pages}


def changed_report(project: Path, cell: Cell, pages: tuple[str, ...] = PAGES) -> Report:
    table, published = project / TABLE, (project / TABLE).read_bytes()
    try:
        change(table, cell)
        return report(project, "-".join(cell), pages)
    finally:
        table.write_bytes(published)


@pytest.fixture(scope="module")
def published(project: Path) -> Report:
    return report(project, "as-published")


def assert_another_picture(before: Shown, after: Shown, figure: str) -> None:
    """Picture, data and alternative text are all others."""
    for suffix in ("svg", "png", "csv"):
        name = f"{figure}.{suffix}"
        assert before.file(name) != after.file(name), name
    assert before.alternative_text(figure) != after.alternative_text(figure)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_a_changed_count_changes_figures_alternative_texts_data_and_key_points(
    project: Path, published: Report, cell: Cell
) -> None:
    changed = changed_report(project, cell)
    for slug, figure in (("effect", "series"), ("inequality-effect", "series")):
        assert_another_picture(published[slug], changed[slug], figure)
    assert_another_picture(published["index"], changed["index"], "headline")
    before, after = (r["index"].words("key-points").splitlines() for r in (published, changed))
    assert before[0] != after[0]  # the gap
    assert before[1] != after[1]  # the outcome
    # What is said of the last year before the start changes with the counts of that year alone.
    of_that_year = cell.year == "2015"
    assert (before[2] != after[2]) == of_that_year
    slopes = [r["baseline-inequality"].file("slope.svg") for r in (published, changed)]
    assert (slopes[0] != slopes[1]) == of_that_year


@pytest.mark.slow
def test_a_changed_total_changes_the_outcome_leaves_the_gap_and_is_told_by_the_audit(
    project: Path, published: Report
) -> None:
    changed = changed_report(project, TOTAL, ("effect", "inequality-effect", "data-audit"))
    assert_another_picture(published["effect"], changed["effect"], "series")
    same = [r["inequality-effect"].file("series.svg") for r in (published, changed)]
    assert same[0] == same[1]
    assert "totals and groups differ in 1 periods" in changed["data-audit"].words("consistency")


def test_the_same_counts_give_the_same_bytes(project: Path) -> None:
    once, again = (report(project, name, ("effect",))["effect"] for name in ("once", "again"))
    assert contents(once.folder) == contents(again.folder)
    assert once.bundles == again.bundles
