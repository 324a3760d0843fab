"""What a version must have before it is made, and what it then carries for citing and rerunning."""

from __future__ import annotations

import datetime as dt
import json

import nbformat
import pandas as pd
import pytest
import yaml

from equieval.errors import ParametersError, ReleaseError
from equieval.protocol.registration import new_registration, register, registration_path
from equieval.releases.attribution import FACTORS, Attribution
from equieval.releases.integrity import alterations
from equieval.releases.manifest import verify_manifest

NOTES = "The births of 2015 were counted twice."


def test_a_correction_says_what_it_corrects(project):
    project.parameters["identity"]["status"] = "corrected"
    project.parameters["release"]["notes"] = None
    project.save()
    with pytest.raises(ReleaseError, match="must say what it corrects") as refused:
        project.release()
    assert refused.value.where == "release.notes"
    project.parameters["release"]["notes"] = NOTES
    project.save()
    assert project.release().release.status == "corrected"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("data/births.csv", "inputs/data/births.csv: not the data of the source"),
        ("notebooks/effect-its.ipynb", "notebooks/effect-its.ipynb: not the notebook"),
    ],
)
def test_what_was_edited_after_the_run_is_not_frozen(project, name, named):
    path = project.root / name
    path.write_text(path.read_text().replace("2015,10", "2015,11").replace("page = 1", "page = 2"))
    with pytest.raises(ReleaseError, match=f"not what ran: {named}") as refused:
        project.release()  # the plan of these tests says that nothing is stale
    assert "equieval run fixture" in refused.value.remedy
    assert [p.name for p in project.reports.iterdir()] == ["draft"]


def test_another_package_than_ran_is_not_frozen(project):
    path = project.draft / "run.json"
    record = json.loads(path.read_text())
    record["package"]["files"]["methods/its.py"] = "0" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(ReleaseError, match=r"not the code that the run recorded: methods/its\.py"):
        project.release()


def test_the_second_version_has_a_page_that_says_what_changed(project):
    first = project.release().release
    assert [page.slug for page in first.pages] == [p.slug for p in project.renderer.seen[0].pages]
    assert not (first.path / "changes.ipynb").exists()
    project.write_estimates("effect", level=0.5, slope=-0.125)
    project.parameters["release"]["notes"] = NOTES
    project.save()
    second = project.release().release
    assert "changes" in [page.slug for page in second.pages]
    assert (second.path / "html" / "changes.html").is_file()
    (front, words) = nbformat.read(second.path / "changes.ipynb", as_version=4).cells
    assert front.source == "---\ntitle: What changed\n---"
    assert NOTES in words.source
    assert "| `effect.level` | 0.25 (−0.75 to 1.25) | 0.50 (−0.50 to 1.50) |" in (words.source)
    assert alterations(second.path) == ()


def test_the_page_of_changes_does_not_make_the_content_another_one(project):
    project.release()
    project.write_estimates("effect", level=0.5, slope=-0.125)
    second = project.release().release
    again = project.release(date="2026-05-05")
    assert (again.created, again.release) == (False, second)
    third = project.release(force=True).release
    assert json.loads((third.path / "changes.json").read_text())["files"] == {
        "added": [],
        "removed": [],
        "changed": [],
    }


def test_what_moved_the_numbers_is_on_the_page(project):
    asked = []

    def moved(before, after):
        asked.append((before.name, after.name))
        row = {"id": "effect.level", "difference": 0.25, "interaction": 0.05, "environment": 0.0}
        row |= dict(zip(FACTORS, (0.2, 0.0, 0.0), strict=True))
        return Attribution(("data", "parameters"), pd.DataFrame([row]), 4, ())

    project.release(attribute=moved)
    project.write_estimates("effect", level=0.5, slope=-0.125)
    second = project.release(attribute=moved).release
    assert asked == [("v1", "v2")]
    (_, words) = nbformat.read(second.path / "changes.ipynb", as_version=4).cells
    assert "Found by 4 reruns" in words.source
    assert "| `effect.level` | +0.25 | +0.20 |" in words.source


def test_a_version_says_how_to_cite_it(project):
    project.parameters["identity"] |= {"authors": ["A. Person"], "doi": "10.5281/zenodo.100"}
    project.parameters["release"]["doi"] = "10.5281/zenodo.101"
    project.save()
    released = project.release().release
    assert (released.doi, released.series_doi) == ("10.5281/zenodo.101", "10.5281/zenodo.100")
    record = json.loads((released.path / "release.json").read_text())
    assert record["doi"] == "10.5281/zenodo.101"
    cited = yaml.safe_load((released.path / "CITATION.cff").read_text())
    assert cited["cff-version"] == "1.2.0"
    assert cited["version"] == "v1"
    assert str(cited["date-released"]) == released.date
    assert cited["authors"] == [{"name": "A. Person"}]
    assert cited["doi"] == "10.5281/zenodo.101"
    assert cited["identifiers"][0]["value"] == "10.5281/zenodo.100"


def test_each_version_has_a_doi_of_its_own(project):
    project.parameters["release"]["doi"] = "10.5281/zenodo.101"
    project.save()
    project.release()
    project.write_estimates("effect", level=0.5)
    with pytest.raises(ReleaseError, match="is that of v1; each version has its own"):
        project.release()


@pytest.mark.parametrize("doi", ["https://doi.org/10.5281/zenodo.1", "zenodo.1", "10.5281/a b"])
def test_a_doi_is_written_bare(project, doi):
    project.parameters["release"]["doi"] = doi
    project.save()
    with pytest.raises(ParametersError, match="is no DOI") as refused:
        _ = project.evaluation
    assert "10.5281/zenodo.1234567" in str(refused.value)


def test_a_registered_protocol_is_frozen_with_the_version(project):
    evaluation = project.evaluation
    day = dt.date(2026, 1, 2)
    found = new_registration(evaluation, "fixture", date=day, data={}, public_id="osf.io/abcde")
    register(project.root, evaluation, found)
    released = project.release().release
    assert (released.path / "registration.json").read_bytes() == registration_path(
        project.root, "fixture"
    ).read_bytes()
    assert verify_manifest(released.path) == []
    registration_path(project.root, "fixture").write_text("{}")
    with pytest.raises(ParametersError, match="registration cannot be read"):
        project.release(force=True)
