"""A page that raises, is interrupted, or shows what it has not declared: nothing is released."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from commands import Equieval, tree
from evaluations import ENGLAND
from nbformat.v4 import new_code_cell

pytestmark = pytest.mark.slow

REPORTS = f"reports/{ENGLAND}"


def add_cell(root: Path, notebook: str, source: str, *, instead: bool = False) -> int:
    """Add a cell to the end of a notebook, or put it in place of the last; return its number."""
    path = root / "notebooks" / f"{notebook}.ipynb"
    page = nbformat.read(path, as_version=4)
    if instead:
        page.cells = page.cells[:3]
    page.cells.append(new_code_cell(source, id="added"))
    nbformat.write(page, path)
    return len(page.cells)


def of_reports(root: Path) -> dict[str, tuple[int, int]]:
    return {name: state for name, state in tree(root).items() if name.startswith("reports/")}


def test_a_cell_that_raises_is_named_with_page_and_message_and_nothing_changes(
    a_copy: Path, equieval: Equieval
) -> None:
    before = of_reports(a_copy)
    add_cell(a_copy, "data-audit", "figures_of = {}\nfigures_of['no such year']", instead=True)
    add_cell(a_copy, "methods-and-provenance", "'this page is fine'")
    said = equieval("run")
    assert said.code == 1
    assert "notebooks/data-audit.ipynb, cell" in said.err
    assert "figures_of['no such year']" in said.err
    assert "KeyError: 'no such year'" in said.err
    assert "the draft is as it was" in said.err
    assert "Traceback" not in said.err
    assert "data-audit: failed" in said.out
    assert "methods: ran" in said.out
    assert of_reports(a_copy) == before
    # Releasing now would freeze a report that its notebooks no longer make.
    refused = equieval("release")
    assert refused.code == 2
    assert "data-audit" in refused.err
    assert of_reports(a_copy) == before


UNDECLARED = {
    "print": "print(f'stillbirths at one trust: {3 * 4}')",
    "data frame": "import pandas as pd\npd.DataFrame({'stillbirths': [3]})",
    "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 3])\nplt.show()",
    "warning": "import warnings\nwarnings.warn('3 records were left out')",
}


def test_outputs_that_are_not_declared_stop_the_release_with_exit_code_3(
    a_copy: Path, equieval: Equieval
) -> None:
    notebooks = ("data-audit", "baseline-inequality", "effect-its", "methods-and-provenance")
    for notebook, source in zip(notebooks, UNDECLARED.values(), strict=True):
        add_cell(a_copy, notebook, source)
    before = of_reports(a_copy)
    released = {n: s for n, s in before.items() if "/v1/" in n}
    assert equieval("run").code == 0  # to look at it in a draft is everyone's right
    said = equieval("release")
    assert said.code == 3
    for notebook in ("data-audit", "baseline-inequality", "effect", "methods"):
        assert notebook in said.err, said.err
    assert "cell" in said.err
    assert "one trust: 12" not in said.err  # the message does not publish it either
    assert "Traceback" not in said.err
    folders = {path.name for path in (a_copy / REPORTS).iterdir()}
    assert folders == {"draft", "v1"}
    assert {n: s for n, s in of_reports(a_copy).items() if "/v1/" in n} == released


def test_ctrl_c_ends_a_run_with_130_and_leaves_nothing_half_written(a_copy: Path) -> None:
    before = of_reports(a_copy)
    add_cell(a_copy, "data-audit", "import time\ntime.sleep(120)", instead=True)
    run = subprocess.Popen(
        [sys.executable, "-u", "-m", "equieval", "run"], cwd=a_copy, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert "1 of 7 pages" in run.stdout.readline()
    time.sleep(4)
    # A terminal sends the signal to the whole group of processes.
    os.killpg(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert "nothing was left half-written" in said
    assert "Traceback" not in said
    assert of_reports(a_copy) == before
