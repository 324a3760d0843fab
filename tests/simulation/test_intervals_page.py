"""The page "Can you trust the intervals?" is written from the results, and from nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from intervals import page, reasons, results
from intervals.grid import GRID
from intervals.words import together

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_says_what_the_results_say():
    table = results.read(page.results_path(ROOT))
    assert (table["published"] + table["cannot_say"] + table["refused"]).equals(
        table["replications"]
    )
    assert set(table["cell"]) == {cell.id for cell in GRID}
    for name, content in page.contents(table).items():
        assert (ROOT / "guide" / name).read_bytes() == content, name
    text = (ROOT / "guide" / f"{page.NAME}.qmd").read_text()
    assert not re.search(r"\[\[.*?\]\]", text)
    assert all(together(cell.label) in text for cell in GRID)


def test_every_published_failure_has_a_reason():
    text = (ROOT / "guide" / f"{page.NAME}.qmd").read_text()
    assert reasons.TEXTS[reasons.UNKNOWN][0] not in text
    table = results.read(page.results_path(ROOT))
    keys = ["cell", "measure", "method"]
    chosen = (table[keys] == ["did-12-3-24-phi4", "rate", "reassignment"]).all(axis=1)
    table.loc[chosen, "covered"] = 0
    assert reasons.TEXTS[reasons.UNKNOWN][0] in page.contents(table)[f"{page.NAME}.qmd"].decode()
