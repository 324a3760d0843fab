"""Run records from elsewhere: nothing in them becomes a path unseen."""

import json

import pytest

from equieval.errors import ReleaseError
from equieval.releases.runrecord import RunRecord, project_path


def record(**changed):
    page = {
        "id": "effect",
        "slug": "effect",
        "title": "Effect",
        "notebook": "notebooks/effect-its.ipynb",
        "source": "00",
        "reads": ["data"],
        "needs": {},
    }
    whole = {
        "schema": 1,
        "evaluation": "fixture",
        "parameters": {"sha256": "00", "blocks": {}},
        "data": {"births": "sha256:00"},
        "package": {"sha256": "00", "files": {"methods/its.py": "00"}},
        "environment": {"numpy": "2.4"},
        "seeds": {},
        "pages": [page | {k: v for k, v in changed.items() if k in page}],
    }
    return whole | {k: v for k, v in changed.items() if k in whole}


def load(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    return RunRecord.load(tmp_path)


def test_a_record_is_read_with_its_pages(tmp_path):
    found = load(tmp_path, json.dumps(record()))
    assert found.slugs == ("effect",)
    assert found.notebooks == {"notebooks/effect-its.ipynb": "00"}


@pytest.mark.parametrize(
    "changed",
    [
        {"evaluation": "../../etc/cron.d/evil"},
        {"slug": "../evil"},
        {"notebook": "notebooks/../../evil.ipynb"},
        {"notebook": "/etc/evil.ipynb"},
        {"notebook": "notebooks/evil.py"},
        {"evaluation": ["fixture"]},
        {"needs": {"nowhere": "key"}},
        {"pages": None},
        {"schema": 2},
    ],
)
def test_a_record_that_names_what_no_run_can_name_is_refused(tmp_path, changed):
    with pytest.raises(ReleaseError):
        load(tmp_path, json.dumps(record(**changed)))


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "[" * 100_000])
def test_what_is_no_record_is_refused(tmp_path, content):
    with pytest.raises(ReleaseError):
        load(tmp_path, content)


@pytest.mark.parametrize("path", ["../x", "/x", "~/x", "a/../b", "c:x", "a\\b", "", "a\0b", 3])
def test_a_path_out_of_the_project_is_no_path(path):
    with pytest.raises(ValueError, match=r"path|relative"):
        project_path(path)
