"""A small project to run: five pages that need one another, one data file.

Not a test: the tests of `equieval.runs`, and the processes that they start, build their
evaluations with it. Its pages use nothing of `equieval.study`, so that they start fast.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from equieval.runs.subject import DataSource, Subject
from equieval.study.pages import PageSpec

SPECS = (
    PageSpec("summary", "notebooks/summary.ipynb", "index", "Summary", ("outcomes",), ("effect",)),
    PageSpec("audit", "notebooks/audit.ipynb", "data-audit", "Data audit", ("data",)),
    PageSpec("effect", "notebooks/effect.ipynb", "effect", "Effect", ("data", "design")),
    PageSpec("noise", "notebooks/noise.ipynb", "noise", "Noise", ("design",)),
)

PARAMETERS = """\
# A comment changes nothing.
schema: 1
data: {file: data/counts.csv}
design: {start: "2020-01", seed: 7}
outcomes: {primary: stillbirth}
"""

OPEN = """\
import os
from pathlib import Path
folder = Path(os.environ["EQUIEVAL_PAGE_DIR"])
"""


def notebook(*cells: str, blocks: tuple[str, ...] = ()) -> nbformat.NotebookNode:
    """A notebook whose parameters cell declares ``blocks``; ``#`` begins a markdown cell."""
    declared = "\n".join(["schema = 1", *(f"{name} = None" for name in blocks)])
    parts = [new_code_cell(declared, metadata={"tags": ["parameters"]}, id="parameters")]
    for number, source in enumerate(cells):
        new = new_markdown_cell if source.startswith("# ") else new_code_cell
        parts.append(new(source, id=f"cell-{number}"))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=parts, metadata={"kernelspec": kernel})


def pages() -> dict[str, nbformat.NotebookNode]:
    """The notebooks of the project's pages, by slug."""
    upstream = 'found = (folder.parent / "effect" / "estimates.txt")\n'
    upstream += "print(found.read_text() if found.exists() else 'computed here')"
    return {
        "index": notebook("# What came of it", OPEN, upstream, blocks=("outcomes",)),
        "data-audit": notebook(
            OPEN, "print(Path(data['file']).read_text())", "data", blocks=("data",)
        ),
        "effect": notebook(
            OPEN,
            "(folder / 'estimates.txt').write_text('effect 1.5')\ndesign",
            blocks=("data", "design"),
        ),
        "noise": notebook(OPEN, "import sys\nprint('to stderr', file=sys.stderr)\nlen(design)"),
    }


def make_project(root: Path, **changed: nbformat.NotebookNode) -> Path:
    """Write the project below ``root``; ``changed`` replaces notebooks by slug."""
    for folder in ("params", "data", "notebooks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "_quarto.yml").touch()
    (root / "params" / "small.yaml").write_text(PARAMETERS)
    (root / "data" / "counts.csv").write_text("period,numerator\n2019-01,4\n2020-01,3\n")
    written = pages() | {slug.replace("_", "-"): page for slug, page in changed.items()}
    for spec in SPECS:
        nbformat.write(written[spec.slug], root / spec.notebook)
    return root


def small_subject(root: Path) -> Subject:
    """Read the project as `read_subject` reads a real evaluation."""
    from equieval.runs.fingerprint import package_digests
    from equieval.runs.notebooks import read_notebook
    from equieval.runs.subject import stamp

    file, data = root / "params" / "small.yaml", root / "data" / "counts.csv"
    content = file.read_bytes()
    digest = f"sha256:{hashlib.sha256(data.read_bytes()).hexdigest()}"
    inputs = [file, data, *(root / spec.notebook for spec in SPECS)]
    return Subject(
        root=root,
        id="small",
        title="A small evaluation",
        question="Does it run?",
        design="its",
        synthetic=True,
        parameters_file=file,
        parameters=content,
        blocks=yaml.safe_load(content),
        specs=SPECS,
        notebooks={spec.slug: read_notebook(root / spec.notebook) for spec in SPECS},
        sources=(DataSource("counts", digest, True, data),),
        package=package_digests(),
        seeds={"design.seed": 7},
        stamps={path: stamp(path) for path in inputs},
    )


def with_page(subject: Subject, slug: str, page: nbformat.NotebookNode) -> Subject:
    """The same evaluation with another notebook for a page."""
    return replace(subject, notebooks={**subject.notebooks, slug: page})
