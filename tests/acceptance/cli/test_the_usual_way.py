"""The usual way: demo, demo again, plan, status; and that each says what it did."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import nbformat
import pytest
from commands import Equieval, Said, run_apart, tree
from evaluations import ENGLAND, PROJECT, TABLE

from equieval.study.pages import pages_for

pytestmark = pytest.mark.slow

PARAMETERS = f"params/{ENGLAND}.yaml"
SLUGS = [spec.slug for spec in pages_for("its")]


def reasons(said: Said) -> dict[str, list[str]]:
    """The reasons of each page that a run would make anew."""
    (found,) = said.json
    return {page["slug"]: page["reasons"] for page in found["pages"] if page["stale"]}


def test_the_demo_checks_runs_releases_builds_and_says_where(
    demonstrated: tuple[Path, Said],
) -> None:
    root, said = demonstrated
    assert said.code == 0, said.err
    assert said.err == ""
    for words in (
        "Checked Saving Babies' Lives",
        "the design: cannot say",
        f"Running {ENGLAND}: {len(SLUGS)} of {len(SLUGS)} pages",
        f"Released {ENGLAND} v1",
        "Built the site",
        "open _site/index.html",
        "http.server --directory _site",
    ):
        assert words in said.out
    assert str(root) not in said.out
    version = root / "reports" / ENGLAND / "v1"
    assert (version / "manifest.json").is_file()
    for slug in SLUGS:
        assert (version / "html" / f"{slug}.html").is_file()
        assert (root / "_site" / "reports" / ENGLAND / "v1" / f"{slug}.html").is_file()
    assert (root / "_site" / "index.html").is_file()


def test_a_second_demo_changes_nothing_and_says_so(a_copy: Path) -> None:
    before = tree(a_copy)
    said = run_apart(a_copy, "demo")
    assert said.code == 0, said.err
    assert "Nothing has changed since the last time." in said.out
    assert "all 7 pages are up to date" in said.out
    made = ("reports/", "_site/", "params/", "data/", "notebooks/")
    after = tree(a_copy)
    assert {n: s for n, s in after.items() if n.startswith(made)} == {
        n: s for n, s in before.items() if n.startswith(made)
    }


def test_the_run_record_holds_no_path_user_or_host(demonstrated: tuple[Path, Said]) -> None:
    import getpass
    import platform

    root, _ = demonstrated
    text = (root / "reports" / ENGLAND / "v1" / "run.json").read_text()
    record = json.loads(text)
    assert record
    for private in (str(root), f"{Path.home()}/", platform.node()):
        assert private not in text
    assert f'"{getpass.getuser()}"' not in text


def test_after_the_demo_every_page_is_up_to_date(a_copy: Path, equieval: Equieval) -> None:
    assert reasons(equieval("plan", "--json")) == {}
    said = equieval("plan")
    assert said.code == 0
    assert said.out.count("up to date") == len(SLUGS)
    status = equieval("status")
    assert "draft: up to date" in status.out
    assert "v1: " in status.out
    assert "First analysis" in status.out


def test_plan_names_the_block_that_was_edited_on_the_pages_that_read_it(
    a_copy: Path, equieval: Equieval
) -> None:
    path = a_copy / PARAMETERS
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("newey_west_lag: 2", "newey_west_lag: 3"), encoding="utf-8")
    stale = reasons(equieval("plan", "--json"))
    read_it = {spec.slug for spec in pages_for("its") if "robustness" in spec.reads}
    assert set(stale) == read_it
    for slug in read_it:
        assert any("robustness" in reason for reason in stale[slug]), stale[slug]
    status = equieval("status", "--json").json
    assert set(status[0]["stale"]) == read_it


def test_a_comment_in_the_parameters_makes_no_page_stale(a_copy: Path, equieval: Equieval) -> None:
    path = a_copy / PARAMETERS
    path.write_text("# A remark.\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert reasons(equieval("plan", "--json")) == {}


def test_plan_names_the_notebook_that_was_edited(a_copy: Path, equieval: Equieval) -> None:
    path = a_copy / "notebooks" / "data-audit.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[-1].source += "\n# edited"
    nbformat.write(notebook, path)
    stale = reasons(equieval("plan", "--json"))
    assert list(stale) == ["data-audit"]
    assert "notebook" in stale["data-audit"][0]


def test_plan_names_the_data_that_changed_on_every_page_that_uses_them(
    a_copy: Path, equieval: Equieval
) -> None:
    path = a_copy / TABLE
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[2][3] = str(int(rows[2][3]) + 1)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    stale = reasons(equieval("plan", "--json"))
    assert set(stale) == set(SLUGS)
    for found in stale.values():
        assert any("data" in reason for reason in found), found


@pytest.mark.parametrize("command", ["check", "plan", "status", "run", "release", "site"])
def test_json_is_one_document_and_nothing_else(
    a_copy: Path, equieval: Equieval, command: str
) -> None:
    said = equieval(command, "--json")
    assert said.code == 0, said.err
    document = said.json
    if command != "site":
        assert document[0]["id"] == ENGLAND
    assert said.err == ""


def test_a_release_of_the_same_content_makes_no_second_version(
    a_copy: Path, equieval: Equieval
) -> None:
    said = equieval("release")
    assert said.code == 0
    assert "identical to v1" in said.out
    assert not (a_copy / "reports" / ENGLAND / "v2").exists()


def test_the_committed_schema_is_what_the_command_writes(
    tmp_path: Path, equieval: Equieval
) -> None:
    written = tmp_path / "schema.json"
    assert equieval("schema", "--output", str(written)).code == 0
    committed = PROJECT / "params" / "evaluation.schema.json"
    assert written.read_bytes() == committed.read_bytes()
    assert equieval("schema").json == json.loads(committed.read_text(encoding="utf-8"))


def test_the_words_of_status_and_plan_fit_a_terminal(a_copy: Path, equieval: Equieval) -> None:
    for command in ("status", "plan", "check"):
        said = equieval(command)
        assert not re.search(r"\x1b\[", said.out), "no colour codes where nobody sees them"
        assert max(len(line) for line in said.out.splitlines()) <= 120
