"""Every place that the reporting checklist names is there, on the page that it names."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from equieval.study.pages import pages_for
from equieval.study.reporting_items import checklist

ROOT = Path(__file__).parents[3]
ELSEWHERE = ("the site's indicator catalogue", "Not stated: ")
WITHOUT_HEADING = {"title", "certainty", "downloads"}
"""Parts of the front page that stand without a heading of their own."""


def headings(notebook: str) -> list[str]:
    cells = nbformat.read(ROOT / "notebooks" / f"{notebook}.ipynb", 4).cells
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    return [found.lower() for text in texts for found in re.findall(r"^## (.+)$", text, re.M)]


@pytest.mark.parametrize("design", ["its", "did"])
def test_the_checklist_points_to_places_that_are_there(design: str) -> None:
    pages = {page.title: headings(Path(page.notebook).stem) for page in pages_for(design)}
    for place in checklist()["where"]:
        for part in re.split(r"; ", re.sub(r" \([^)]*\)", "", place)):
            if part.startswith(ELSEWHERE):
                continue
            title, _, named = part.partition(": ")
            assert title in pages, part
            for heading in filter(None, named.split(", ")):
                there = any(known.startswith(heading) for known in pages[title])
                assert there or heading in WITHOUT_HEADING, f"{title}: {heading}"


def test_all_of_strobe_is_there_in_its_order() -> None:
    items = [item for item in checklist()["item"] if re.fullmatch(r"STROBE \d+", item)]
    assert items == [f"STROBE {number}" for number in range(1, 23)]
