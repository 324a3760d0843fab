"""Which change moved the numbers, found by changing one thing at a time."""

from __future__ import annotations

import pytest
from small_version import BIRTHS, EFFECT, expected

from equieval.releases.attribution import attribute
from equieval.releases.change_page import change_page_markdown
from equieval.releases.changes import changes_record
from equieval.releases.compare import compare_releases
from equieval.releases.version import Release

LATER = BIRTHS.replace("2020,5100,15", "2020,5100,19") + "2021,5000,14\n"


def row(found, name):
    return found.table.set_index("id").loc[name]


def test_data_and_parameters_are_told_apart_by_reruns(tmp_path, build_version):
    before = Release.load(build_version(tmp_path, 1))
    after = Release.load(build_version(tmp_path, 2, births=LATER, seed=8))
    steps: list[str] = []
    found = attribute(before, after, step=steps.append)
    assert found.changed == ("data", "parameters")
    assert found.unknown == ()
    assert (found.reruns, len(steps)) == (4, 4)
    old, new = (
        table.set_index("id")["estimate"] for table in (expected(), expected(seed=8, births=LATER))
    )
    rate, drawn = row(found, "rate.2020"), row(found, "drawn")
    assert rate["data"] == pytest.approx(new["rate.2020"] - old["rate.2020"], abs=1e-12)
    assert rate["parameters"] == rate["interaction"] == rate["code"] == 0
    assert drawn["parameters"] == pytest.approx(new["drawn"] - old["drawn"], abs=1e-12)
    assert drawn["data"] == 0
    assert list(found.table["environment"]) == pytest.approx([0] * len(found.table), abs=1e-12)


def test_what_two_changes_do_only_together_is_shown_as_interaction(tmp_path, build_version):
    # The rate times the level: the effects of both alone leave their product over.
    product = EFFECT.replace(
        '"estimate": rate.estimate', '"estimate": rate.estimate * design["level"]'
    )
    before = Release.load(build_version(tmp_path, 1, effect=product, level=0.5))
    after = Release.load(build_version(tmp_path, 2, effect=product, level=0.75, births=LATER))
    rate = row(attribute(before, after), "rate.2020")
    old, new = 1000 * 15 / 5100, 1000 * 19 / 5100
    assert rate["data"] == pytest.approx((new - old) * 0.5)
    assert rate["parameters"] == pytest.approx(old * 0.25)
    assert rate["interaction"] == pytest.approx((new - old) * 0.25)


def test_where_one_thing_changed_nothing_needs_a_rerun(tmp_path, build_version):
    before = Release.load(build_version(tmp_path, 1))
    after = Release.load(build_version(tmp_path, 2, births=LATER))
    found = attribute(before, after)
    assert (found.changed, found.reruns) == (("data",), 0)
    rate = row(found, "rate.2020")
    assert rate["data"] == rate["difference"] != 0


def test_without_the_data_it_is_said_that_nothing_can_be_told(tmp_path, build_version):
    before = Release.load(build_version(tmp_path, 1, is_open=False))
    after = Release.load(build_version(tmp_path, 2, is_open=False, births=LATER, level=0.9))
    found = attribute(before, after)
    assert found.reruns == 0
    assert "births" in found.unknown[0]
    assert row(found, "rate.2020")[["data", "parameters"]].isna().all()


def test_data_of_one_version_do_not_stand_in_for_those_of_another(tmp_path, build_version):
    before = Release.load(build_version(tmp_path, 1, is_open=False))
    after = Release.load(build_version(tmp_path, 2, is_open=False, births=LATER, level=0.9))
    found = attribute(before, after, data=tmp_path)
    assert found.reruns == 0
    assert found.unknown == ("the data of 'births' here are not those of v1",)


def test_the_change_page_shows_both_versions_and_what_moved_the_numbers(tmp_path, build_version):
    before = Release.load(build_version(tmp_path, 1))
    after = Release.load(build_version(tmp_path, 2, births=LATER, seed=8))
    record = changes_record(before, after, "A year more.", attribute(before, after))
    page = change_page_markdown(record)
    assert "A year more." in page
    assert "| `rate.2020` | 2.94 (" in page
    assert "| `design.seed` | `7` | `8` |" in page
    assert "## What moved the numbers" in page
    assert compare_releases(before, after).counts()["changed"] == record["estimates"]["changed"]
