"""The page that traces numbers: what it says is what the files of the version say."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from equieval.errors import ReleaseError
from equieval.releases.provenance_page import MOST_ROWS


@pytest.fixture
def traced(project):
    """A project whose effect page shows one of its two estimates."""
    entries = project.index("effect")
    entries[0]["estimates"] = ["effect.level"]
    project.write_index("effect", entries)
    cells = project.cells("effect")
    cells[1:1] = [{**cells[1], "id": "made", "source": "analysis = study.analyse(page)"}]
    project.write_cells("effect", cells)
    return project


def page_of(version) -> str:
    notebook = json.loads((version / "provenance.ipynb").read_text())
    return "".join(notebook["cells"][1]["source"])


def entry(page: str, anchor: str) -> str:
    return re.search(rf'<section class="origin-entry" id="{anchor}".*?</section>', page, re.S)[0]


def test_an_artefact_has_its_cell_estimates_files_data_and_command(traced):
    version = traced.release().release.path

    found = entry(page_of(version), "effect.series")

    assert 'href="effect.html#fig-series"' in found
    assert "Cell 4 of effect.ipynb" in found
    assert 'page.show("series", figures.series, frame)' in found
    assert '<a href="#est-effect.level">effect.level</a>' in found
    artefact = json.loads((version / "effect" / "artefacts.json").read_text())["artefacts"][0]
    for file in artefact["files"]:
        assert f'href="effect/{file["path"]}"' in found
        assert file["sha256"] in found
    folder = "reports/fixture/v1"
    assert (
        f"papermill {folder}/notebooks/effect-its.ipynb out.ipynb -f {folder}/params.yaml" in found
    )
    digest = json.loads((version / "run.json").read_text())["data"]
    assert all(value.rpartition(":")[2][:12] in found for value in digest.values())


def test_every_estimate_has_a_row_with_its_numbers_and_the_cell_that_made_it(traced):
    version = traced.release().release.path

    page = page_of(version)

    for row in pd.read_csv(version / "estimates.csv").to_dict("records"):
        shown = re.search(rf'<tr id="est-{row["id"]}">(.*?)</tr>', page)[1]
        numbers = [float(n.replace("−", "-")) for n in re.findall(r"[−\d.]+(?=</td>| to )", shown)]
        assert numbers[:2] == pytest.approx([row["estimate"], row["ci_low"]])
        assert "cell 2 of effect.ipynb" in shown


def test_rows_of_estimates_wait_until_they_are_asked_for(traced):
    page = page_of(traced.release().release.path)

    folded = re.findall(r'<details class="long-table full"><summary>(.*?)</summary>', page)
    assert folded == ["Estimates of the page “Effect” (2 rows)"]
    brief = entry(page, "effect.series")
    assert "<summary>Where it comes from: cell 4, 1 estimate</summary>" in brief


def test_a_table_of_thresholds_says_which_rules_it_shows(traced):
    entries = traced.index("effect")
    entries[0] |= {"id": "thresholds", "estimates": []}
    traced.write_index("effect", entries)
    cells = traced.cells("effect")
    for cell in cells:
        for output in cell.get("outputs", ()):
            output["metadata"]["equieval"]["artefact"] = "thresholds"
    traced.write_cells("effect", cells)

    found = entry(page_of(traced.release().release.path), "effect.thresholds")

    assert "rules fixed before any estimate was made" in found
    assert "0004-verdicts-by-rules-fixed-beforehand" in found


def test_a_page_shows_no_estimate_that_none_recorded(traced):
    entries = traced.index("effect")
    entries[0]["estimates"] = ["effect.unheard-of"]
    traced.write_index("effect", entries)

    with pytest.raises(ReleaseError, match=r"shows the estimate 'effect\.unheard-of'") as caught:
        traced.release()
    assert caught.value.where == "page effect"


def test_with_very_many_estimates_only_those_that_are_shown_are_listed(traced):
    others = {f"other-{number}": 1.0 for number in range(MOST_ROWS)}
    traced.write_estimates("effect", level=0.25, **others)
    traced.save()

    page = page_of(traced.release().release.path)

    assert page.count('<tr id="est-') == 1
    assert f"all {MOST_ROWS + 1} rows" in page


def test_the_page_is_no_part_of_what_makes_two_versions_differ(traced):
    first = traced.release().release

    assert not traced.release().created
    assert traced.release(force=True).release.content_digest == first.content_digest
