"""The page that says what changed: from the record alone, and nothing in it becomes markup."""

import json

import nbformat

from equieval.releases.change_page import (
    change_page_markdown,
    change_page_notebook,
    has_change_page,
)

RECORD = {
    "schema": 1,
    "new": False,
    "previous": 1,
    "notes": "A year | <b>more</b>.",
    "files": {},
    "parameters": [{"key": "design.start", "before": "2016|x", "after": None}],
    "data": {"births": "changed"},
    "code": {},
    "environment": {"numpy": ["2.4.0", "2.4.1"]},
    "estimates": {"same": 1, "changed": 1, "added": 0, "removed": 0},
    "compared": [
        {
            "id": "effect.level",
            "role": "primary",
            "change": "changed",
            "estimate_before": 0.25,
            "estimate_after": 0.5,
            "difference": 0.25,
            "ci_low_before": 0.125,
            "ci_high_before": 0.375,
            "ci_low_after": None,
            "ci_high_after": None,
        }
    ],
    "attribution": None,
}


def test_the_first_version_has_no_change_page():
    assert has_change_page(RECORD)
    assert not has_change_page({"schema": 1, "new": True, "previous": None, "notes": ""})


def test_it_opens_with_how_many_estimates_changed_and_what_changed_underneath():
    first = change_page_markdown(RECORD).split("\n")[0]
    assert "Against version v1, 1 of 2 estimates changed" in first
    assert first.endswith("data, parameters and package versions.")


def test_numbers_stand_side_by_side_with_their_intervals():
    row = "| `effect.level` | 0.25 (0.12 to 0.38) | 0.50 | +0.25 |"
    page = change_page_markdown(RECORD)
    assert row in page.split("## The main estimates")[1].split("##")[0]
    assert row in page.split("## All estimates that changed")[1]


def test_what_authors_and_parameters_say_stays_text():
    page = change_page_markdown(RECORD)
    assert "<b>" not in page.replace("\\<b\\>", "")
    assert r"`2016\|x`" in page.replace('"', "")


def test_after_a_withdrawn_version_nothing_is_compared():
    record = {"new": False, "previous": 3, "notes": "", "previous_withdrawn": True}
    assert "v3, the one before this, was withdrawn" in change_page_markdown(record)


def test_the_notebook_is_valid_titled_and_always_the_same():
    content = change_page_notebook(RECORD)
    notebook = nbformat.reads(content.decode(), as_version=4)
    nbformat.validate(notebook)
    assert notebook.cells[0].source == "---\ntitle: What changed\n---"
    assert change_page_notebook(json.loads(json.dumps(RECORD))) == content
