"""A version exported as a research object."""

import json
import zipfile

import pytest
from rocrate.rocrate import ROCrate

from equieval.errors import ReleaseError
from equieval.releases.crate import write_crate
from equieval.releases.manifest import verify_manifest


@pytest.fixture
def released(project):
    project.parameters["release"] = {"approvers": [{"name": "A. Person", "role": "Lead"}]}
    project.save()
    return project.release().release


def metadata(path):
    with zipfile.ZipFile(path) as archive:
        graph = json.loads(archive.read("ro-crate-metadata.json"))["@graph"]
    return {entity["@id"]: entity for entity in graph}


def test_the_crate_holds_every_file_of_the_version(released, tmp_path):
    crate = write_crate(released, tmp_path / "v1.crate.zip")
    with zipfile.ZipFile(crate) as archive:
        archive.extractall(tmp_path / "out")
    (tmp_path / "out" / "ro-crate-metadata.json").unlink()
    assert verify_manifest(tmp_path / "out") == []


def test_the_crate_reads_back_as_a_process_run(released, tmp_path):
    crate = ROCrate(write_crate(released, tmp_path / "v1.crate.zip"))
    assert crate.root_dataset["conformsTo"].id == "https://w3id.org/ro/wfrun/process/0.5"
    (action,) = crate.get_by_type("CreateAction")
    assert action["instrument"]["name"] == "equieval"
    assert {"params.yaml", "inputs/data/births.csv"} <= {file.id for file in action["object"]}
    assert {"estimates.csv", "html/index.html"} <= {file.id for file in action["result"]}
    assert action["agent"]["name"] == "A. Person"


def test_the_crate_says_what_the_version_is(released, tmp_path):
    root = metadata(write_crate(released, tmp_path / "v1.crate.zip"))["./"]
    assert root["name"] == "A fixture, version 1"
    assert root["description"] == "Cannot say."
    assert root["datePublished"] == "2026-02-03"
    assert root["identifier"] == released.content_digest


def test_the_same_version_gives_the_same_bytes(released, tmp_path):
    one = write_crate(released, tmp_path / "one.zip").read_bytes()
    assert write_crate(released, tmp_path / "two.zip").read_bytes() == one


def test_a_version_that_was_changed_is_not_exported(released, tmp_path):
    record = released.path / "estimates.csv"
    record.chmod(0o644)
    record.write_text("id\n")
    with pytest.raises(ReleaseError, match=r"estimates\.csv was changed"):
        write_crate(released, tmp_path / "v1.zip")


def test_an_interrupted_export_leaves_the_earlier_one(released, tmp_path, monkeypatch):
    target = write_crate(released, tmp_path / "v1.zip")
    before = target.read_bytes()

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(zipfile.ZipFile, "writestr", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_crate(released, target)
    assert target.read_bytes() == before
    assert list(tmp_path.glob(".v1.zip*")) == []
