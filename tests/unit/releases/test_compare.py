"""What is said about two versions side by side."""

import json
from dataclasses import replace

import pytest

from equieval.errors import ReleaseError
from equieval.releases.compare import compare_releases


@pytest.fixture
def two_versions(project):
    project.write_estimates("effect", level=0.25, slope=-0.125, early=1.0)
    first = project.release().release
    project.write_estimates("effect", level=0.375, slope=-0.125, late=2.0)
    project.parameters["population"]["place"] = "Wales"
    project.parameters["identity"]["authors"] = ["A", "B"]
    project.save(digest="hmac-sha256:bb")
    return first, project.release().release


def test_every_estimate_of_either_version_is_there_once(two_versions):
    table = compare_releases(*two_versions).estimates.set_index("id")
    assert table["change"].to_dict() == {
        "effect.level": "changed",
        "effect.slope": "same",
        "effect.late": "added",
        "effect.early": "removed",
    }
    level = table.loc["effect.level"]
    assert (level.estimate_before, level.estimate_after, level.difference) == (0.25, 0.375, 0.125)
    assert (level.ci_low_before, level.ci_high_after) == (-0.75, 1.375)


def test_changed_parameters_are_named_by_key_with_both_values(two_versions):
    changes = {c.key: (c.before, c.after) for c in compare_releases(*two_versions).parameters}
    assert changes["population.place"] == ("England", "Wales")
    assert changes["identity.authors"] == (["The equieval team"], ["A", "B"])


def test_changed_data_are_named_by_source(two_versions):
    assert compare_releases(*two_versions).data == {"ons-births-and-deaths": "changed"}


def test_changed_files_are_those_of_the_content(two_versions):
    assert compare_releases(*two_versions).files == {
        "added": (),
        "removed": (),
        "changed": ("estimates.csv", "params.yaml"),
    }


def test_a_version_compared_with_itself_shows_no_change(two_versions):
    comparison = compare_releases(two_versions[0], two_versions[0])
    assert comparison.counts() == {"same": 3, "changed": 0, "added": 0, "removed": 0}
    assert (comparison.parameters, comparison.data) == ((), {})


def test_the_comparison_is_json_without_not_a_number(two_versions):
    text = json.dumps(compare_releases(*two_versions).to_json(), allow_nan=False)
    rows = {row["id"]: row for row in json.loads(text)["estimates"]}
    assert rows["effect.late"]["estimate_before"] is None
    assert rows["effect.level"]["difference"] == 0.125


def test_versions_of_different_evaluations_are_not_compared(two_versions):
    with pytest.raises(ReleaseError, match="versions of one evaluation"):
        compare_releases(two_versions[0], replace(two_versions[1], id="another"))
