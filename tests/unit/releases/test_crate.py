"""A version exported as a research object."""

import json
import zipfile
from pathlib import Path

import pytest
import rdflib
import rocrate
from rocrate.rocrate import ROCrate

from equieval.errors import ReleaseError
from equieval.releases.crate import write_crate
from equieval.releases.manifest import verify_manifest

pytestmark = pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated")  # rdflib's own


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


def test_the_crate_names_the_doi_of_the_version(project, tmp_path):
    project.parameters["release"]["doi"] = "10.5281/zenodo.101"
    project.save()
    released = project.release().release
    root = metadata(write_crate(released, tmp_path / "v1.crate.zip"))["./"]
    assert root["identifier"] == ["https://doi.org/10.5281/zenodo.101", released.content_digest]


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


SCHEMA = "http://schema.org/"
TERMS = "http://purl.org/dc/terms/"
MUST = {
    # RO-Crate 1.1, "RO-Crate Metadata File Descriptor" and "Direct properties of the Root Data
    # Entity"; https://www.researchobject.org/ro-crate/specification/1.1/
    "the descriptor is about the root and says which RO-Crate it is": """
        ?d a schema:CreativeWork ; schema:about ?root ;
           terms:conformsTo <https://w3id.org/ro/crate/1.1> . ?root a schema:Dataset
        FILTER(STRENDS(STR(?d), "ro-crate-metadata.json"))""",
    "the root has a name, a description, a day and a licence": """
        ?root a schema:Dataset ; schema:name ?n ; schema:description ?x ; schema:license ?l ;
              schema:datePublished ?day . ?l schema:name ?licence
        FILTER(REGEX(STR(?day), "^[0-9]{4}-[0-9]{2}-[0-9]{2}"))""",
    # Process Run Crate 0.5; https://www.researchobject.org/workflow-run-crate/profiles/0.5/
    "files are parts of the root": "?root schema:hasPart ?f . ?f a schema:MediaObject",
    "the root says which profile it keeps to, and the profile is described": """
        ?root terms:conformsTo ?p . ?p a schema:CreativeWork ; schema:name ?n ; schema:version ?v
        FILTER(?p = <https://w3id.org/ro/wfrun/process/0.5>)""",
    "a finished action of a described program made the results from the objects": """
        ?root schema:mentions ?a . ?a a schema:CreateAction ; schema:instrument ?tool ;
           schema:object ?in ; schema:result ?out ; schema:endTime ?end ; schema:agent ?who .
        ?tool a schema:SoftwareApplication ; schema:name ?name ; schema:softwareVersion ?v .
        ?who a schema:Person ; schema:name ?person""",
}
MUST_NOT = {
    "an input or a result that is no file of the crate": """
        ?a schema:object|schema:result ?f
        FILTER NOT EXISTS { ?f a schema:MediaObject . ?root schema:hasPart ?f }""",
    "a file that the root does not reach": """
        ?f a schema:MediaObject FILTER NOT EXISTS { ?root schema:hasPart ?f }""",
    "a file without name or size": """
        ?f a schema:MediaObject
        FILTER NOT EXISTS { ?f schema:name ?n ; schema:contentSize ?s }""",
}


@pytest.fixture
def linked_data(released, tmp_path):
    """The crate's statements as an independent reader of JSON-LD (rdflib) understands them.

    The context that the crate names lies in the package rocrate: nothing is fetched.
    """
    crate = write_crate(released, tmp_path / "v1.crate.zip")
    with zipfile.ZipFile(crate) as archive:
        found = json.loads(archive.read("ro-crate-metadata.json"))
    assert found["@context"] == "https://w3id.org/ro/crate/1.1/context"
    context = Path(rocrate.__file__).parent / "data" / "ro-crate.jsonld"
    found["@context"] = json.loads(context.read_bytes())["@context"]
    graph = rdflib.Graph()
    graph.parse(data=json.dumps(found), format="json-ld", base="https://example.org/crate/")
    prefixes = {"schema": rdflib.Namespace(SCHEMA), "terms": rdflib.Namespace(TERMS)}
    return lambda pattern: bool(graph.query(f"ASK {{ {pattern} }}", initNs=prefixes))


@pytest.mark.parametrize("pattern", MUST.values(), ids=MUST.keys())
def test_strangers_find_in_it_what_a_crate_must_say(linked_data, pattern):
    assert linked_data(pattern)


@pytest.mark.parametrize("pattern", MUST_NOT.values(), ids=MUST_NOT.keys())
def test_strangers_find_nothing_in_it_that_leads_nowhere(linked_data, pattern):
    assert not linked_data(pattern)
