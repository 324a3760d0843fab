"""Projects to evaluate in tests: England's own, and made-up ones whose truth is known.

Not a test. A project is a folder with what pages and the command line need of this one; an
evaluation in it is England's parameters file with some keys changed, so that it stays a whole
and valid one.
"""

from __future__ import annotations

import copy
import html
import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import nbformat
import pandas as pd
import pytest
import yaml

from equieval.data import Observations, load_observations
from equieval.data.synthetic import Synthetic, its_births
from equieval.disclosure.declaration import DECLARATION
from equieval.protocol import Evaluation, load_evaluation
from equieval.study.baseline import baseline
from equieval.study.its import effect, inequality_effect
from equieval.study.page import PAGE_FOLDER_VARIABLE
from equieval.study.pages import pages_for
from equieval.study.robustness import robustness

PROJECT = Path(__file__).parents[3]
ENGLAND = "stillbirth-care-bundle-england"
TABLE = "data/england-births-and-deaths-by-imd-decile.csv"
NUMBERS = {"estimate", "rate", "observed", "recorded", "ci_low", "numerator"}
"""Columns of frames that show estimates or what was observed."""
Blocks = dict[str, Any]
Edit = Callable[[Blocks], object]

_LEFT_OUT = (".git", ".venv", ".equieval", "_site", "_generated", "reports", "tests", "docs", ".*")


def copy_project(to: Path) -> Path:
    """Copy what a run, a release or the site of one evaluation reads, and nothing they make."""
    shutil.copytree(PROJECT, to, ignore=shutil.ignore_patterns(*_LEFT_OUT, "__pycache__"))
    return _england_alone(to)


def bare_project(to: Path) -> Path:
    """Make a project of notebooks, parameters and data alone: enough to run pages."""
    to.mkdir(parents=True, exist_ok=True)
    (to / "_quarto.yml").touch()
    for folder in ("notebooks", "params", "data"):
        shutil.copytree(PROJECT / folder, to / folder)
    return _england_alone(to)


def _england_alone(root: Path) -> Path:
    """Take out the rest of the portfolio: one evaluation shows how the commands behave."""
    for path in (root / "params").glob("*.yaml"):
        if path.stem != ENGLAND:
            path.unlink()
    return root


def england_blocks() -> Blocks:
    """Return the blocks of England's parameters file."""
    text = (PROJECT / "params" / f"{ENGLAND}.yaml").read_text(encoding="utf-8")
    blocks: Blocks = yaml.safe_load(text)
    return blocks


def write_evaluation(root: Path, id: str, edit: Edit | None = None) -> Path:
    """Write England's evaluation under another id, with some of its keys changed."""
    blocks = england_blocks()
    blocks["identity"]["id"] = id
    if edit is not None:
        edit(blocks)
    path = root / "params" / f"{id}.yaml"
    path.write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")
    return path


def write_made_up(
    root: Path,
    id: str,
    edit: Edit | None = None,
    *,
    seed: int = 1,
    frequency: str = "month",
    start: str = "2012-01",
    periods: int = 96,
    after: int = 12,
    **truth: Any,
) -> tuple[Path, Synthetic]:
    """Write a synthetic evaluation with known truth; the effect is judged ``after`` its start.

    ``truth`` and the rest go to `equieval.data.synthetic.its_births`.
    """
    made = its_births(seed, periods=periods, start=start, frequency=frequency, **truth)
    labels = list(dict.fromkeys(made.table["period"]))
    first = labels.index(made.truth["start"])
    table = f"data/{id}.csv"
    made.table.to_csv(root / table, index=False)

    def made_up(blocks: Blocks) -> None:
        blocks["identity"]["synthetic"] = True
        blocks["population"]["fictional"] = True
        blocks["intervention"]["co_interventions"] = []
        blocks["data"]["frequency"] = frequency
        source = blocks["data"]["sources"][0]
        source |= {"path": table, "columns": {"period": "period"}, "breaks": []}
        source["indicators"] = {"stillbirth": source["indicators"]["stillbirth"]}
        del source["missing_because"]
        blocks["outcomes"]["secondary"] = []
        blocks["outcomes"]["primary"]["horizon"] = labels[first + after]
        blocks["design"]["start"] = made.truth["start"]
        del blocks["design"]["first_period"], blocks["design"]["last_period"]
        blocks["robustness"] = {
            "placebo_starts": [labels[first // 2]],
            "alternative_starts": [labels[first + 1]],
        }
        if edit is not None:
            edit(blocks)

    return write_evaluation(root, id, made_up), made


def read(root: Path, path: Path) -> tuple[Evaluation, Observations]:
    """Return an evaluation and its observations, as a page has them."""
    evaluation = load_evaluation(path)
    return evaluation, load_observations(evaluation, root).grouped(evaluation.equity.grouping)


def all_estimates(evaluation: Evaluation, observations: Observations) -> pd.DataFrame:
    """Return the estimates of every page of an evaluation, as its summary has them."""
    tables = [
        analyst(evaluation, observations).estimates
        for analyst in (baseline, effect, inequality_effect, robustness)
    ]
    return pd.concat(tables, ignore_index=True)


@dataclass(frozen=True)
class Shown:
    """What a page displayed: its artefacts by id, each with the bundle of its cell output."""

    folder: Path
    bundles: dict[str, dict[str, str]]

    def title(self, artefact: str) -> str:
        """Return the title of a figure, or the caption of a table."""
        index = json.loads((self.folder / "artefacts.json").read_text(encoding="utf-8"))
        entry = next(entry for entry in index["artefacts"] if entry["id"] == artefact)
        return str(entry["title"])

    def alternative_text(self, figure: str) -> str:
        """Return the alternative text of a figure, as a screen reader would say it."""
        found = re.search(r' alt="([^"]*)"', self.bundles[figure]["text/markdown"])
        assert found is not None
        return html.unescape(found[1])

    def words(self, statement: str) -> str:
        """Return a statement's words."""
        return self.bundles[statement]["text/markdown"]

    def file(self, name: str) -> bytes:
        """Return a file that the page wrote."""
        return (self.folder / name).read_bytes()


def run_page(root: Path, parameters: Path, slug: str, pages: Path, *, design: str = "its") -> Shown:
    """Run the cells of a real notebook in this process, with the parameters injected.

    Artefacts are written below ``pages/<slug>``.
    """
    spec = next(spec for spec in pages_for(design) if spec.slug == slug)
    blocks = yaml.safe_load(parameters.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    shown = Shown(pages / slug, {})

    def display(bundle: dict[str, str], *, raw: bool, metadata: dict[str, Any]) -> None:
        assert raw
        shown.bundles[metadata[DECLARATION]["artefact"]] = bundle

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv(PAGE_FOLDER_VARIABLE, str(shown.folder))
        patch.setattr("equieval.study.page.display", display)
        for cell in nbformat.read(root / spec.notebook, as_version=4).cells:
            if cell.cell_type == "code":
                exec(compile(cell.source, f"{slug}, cell {cell.id}", "exec"), names)
                if "parameters" in cell.metadata.get("tags", ()):
                    names |= {name: copy.deepcopy(blocks.get(name, {})) for name in spec.reads}
        plt.close("all")
    return shown


def untraced(shown: Shown) -> list[str]:
    """Return the artefacts of a page with numbers that lead neither to estimates nor to a source.

    Repetitions of an evaluation are on data of their own: their frame has the seed and the code
    of each.
    """
    left = []
    for entry in json.loads(shown.file("artefacts.json"))["artefacts"]:
        frames = [shown.folder / file["path"] for file in entry["files"]]
        frame = next((path for path in frames if path.suffix == ".csv"), None)
        columns = set() if frame is None else set(pd.read_csv(frame, nrows=0).columns)
        shows = entry["kind"] == "figure" or columns & NUMBERS
        if shows and not (entry["estimates"] or entry["indicators"] or {"seed", "code"} <= columns):
            left.append(entry["id"])
    return left


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
