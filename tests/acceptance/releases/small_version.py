"""A small released version that reruns in seconds: two pages, one data file, the real package.

Not a test: it is written the way `equieval.releases.store` writes a version, from pages that use
one method of the package, so that data, code, parameters and seed each move a number.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from nbformat.v4 import new_code_cell, new_notebook

from equieval.data.digests import file_digest
from equieval.methods.estimates import estimates_table
from equieval.methods.proportions import wilson
from equieval.releases.contents import stage_code
from equieval.releases.manifest import content_digest, write_manifest
from equieval.releases.record import Approver
from equieval.releases.renderer import ReleasePage
from equieval.releases.status import Status
from equieval.releases.version import Release
from equieval.runs.fingerprint import package_digests
from equieval.runs.notebooks import read_notebook
from equieval.runs.provenance import PageRecord, run_record
from equieval.runs.subject import DataSource, Subject, seeds_of
from equieval.study.pages import PageSpec

ID = "small"
SPECS = (
    PageSpec("summary", "notebooks/summary.ipynb", "index", "Summary", ("data",), ("effect",)),
    PageSpec("effect", "notebooks/effect.ipynb", "effect", "Effect", ("data", "design")),
)
DATA = "data/births.csv"
BIRTHS = "year,births,events\n2018,5000,20\n2019,5200,18\n2020,5100,15\n"
EFFECT = """\
import os
from pathlib import Path
import numpy as np
import pandas as pd
from equieval.methods.estimates import estimates_table
from equieval.methods.proportions import wilson
births = pd.read_csv(data["sources"][0]["path"])
draws = np.random.default_rng(design["seed"]).normal(size=50)
rows = []
for row in births.itertuples():
    rate = wilson([row.events], [row.births], design["level"], per=1000).iloc[0]
    rows.append({"id": f"rate.{row.year}", "page": "effect", "role": "primary",
                 "estimate": rate.estimate, "ci_low": rate.ci_low, "ci_high": rate.ci_high,
                 "inference": "closed form", "n_events": row.events})
rows.append({"id": "drawn", "page": "effect", "role": "robustness", "std_error": 0.1,
             "estimate": float(draws.mean()), "inference": "bootstrap, 50 draws"})
table = estimates_table(rows)
table.to_parquet(Path(os.environ["EQUIEVAL_PAGE_DIR"]) / "estimates.parquet", index=False)
"""
SUMMARY = """\
import os
from pathlib import Path
import pandas as pd
beside = Path(os.environ["EQUIEVAL_PAGE_DIR"]).parent / "effect" / "estimates.parquet"
assert len(pd.read_parquet(beside)) > 1
"""


def parameters(*, level: float = 0.95, seed: int = 7, is_open: bool = True) -> dict[str, object]:
    """The parameters file of the small version, as plain values."""
    source = {
        "id": "births",
        "title": "Births",
        "publisher": "Nobody",
        "edition": "made up",
        "open": is_open,
        "path": DATA,
    }
    return {
        "schema": 1,
        "data": {"sources": [source]},
        "design": {"level": level, "seed": seed},
    }


def notebook(source: str, *blocks: str) -> nbformat.NotebookNode:
    """A notebook of one cell, with the parameters cell that Papermill injects after."""
    declared = "\n".join(["schema = 1", *(f"{block} = None" for block in blocks)])
    cells = [
        new_code_cell(declared, metadata={"tags": ["parameters"]}, id="parameters"),
        new_code_cell(source, id="work"),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def expected(level: float = 0.95, seed: int = 7, births: str = BIRTHS) -> pd.DataFrame:
    """What the pages estimate, computed here without running them."""
    rows: list[dict[str, object]] = []
    for row in pd.read_csv(io.StringIO(births)).itertuples():
        rate = wilson([row.events], [row.births], level, per=1000).iloc[0]
        limits = {"estimate": rate.estimate, "ci_low": rate.ci_low, "ci_high": rate.ci_high}
        kind = {"page": "effect", "role": "primary", "inference": "closed form"}
        rows.append({"id": f"rate.{row.year}", **kind, **limits, "n_events": row.events})
    mean = float(np.random.default_rng(seed).normal(size=50).mean())
    drawn = {"page": "effect", "role": "robustness", "inference": "bootstrap, 50 draws"}
    rows.append({"id": "drawn", **drawn, "estimate": mean, "std_error": 0.1})
    return estimates_table(rows)


def make_version(
    root: Path,
    number: int = 1,
    *,
    births: str = BIRTHS,
    level: float = 0.95,
    seed: int = 7,
    is_open: bool = True,
    effect: str = EFFECT,
) -> Path:
    """Write a version into the project at ``root``, and the project where there is none."""
    _write(root / "_quarto.yml", "project: {type: website}\n")
    values = parameters(level=level, seed=seed, is_open=is_open)
    _write(root / DATA, births)
    _write(root / "params" / f"{ID}.yaml", yaml.safe_dump(values))
    for spec, source in zip(SPECS, (SUMMARY, effect), strict=True):
        _write(root / spec.notebook, nbformat.writes(notebook(source, *spec.reads)))
    folder = root / "reports" / ID / f"v{number}"
    record = _run_record(root, values, is_open)
    _write(folder / "run.json", json.dumps(record))
    _write(folder / "params.yaml", yaml.safe_dump(values))
    for spec in SPECS:
        _write(folder / spec.notebook, (root / spec.notebook).read_text())
    if is_open:
        _write(folder / "inputs" / DATA, births)
    table = expected(level, seed, births)
    table.to_csv(folder / "estimates.csv", index=False, lineterminator="\n")
    arrow = pa.Table.from_pandas(table, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(arrow, folder / "estimates.parquet")
    stage_code(root, folder)
    _release(folder, number, record)
    seal(folder)
    return folder


def seal(folder: Path) -> None:
    """Write the manifest of a version, as its release does and a forger could."""
    write_manifest(folder)


def _release(folder: Path, number: int, record: dict[str, object]) -> None:
    slugs = [spec.slug for spec in SPECS]
    made = Release(
        path=folder,
        id=ID,
        version=number,
        title="A small evaluation",
        label="",
        status=Status.PROVISIONAL,
        date="2026-02-03",
        approvers=(Approver("A. Person"),),
        renderer="none",
        renderer_version="0",
        content_digest=content_digest(folder, slugs, record["data"]),
        previous=number - 1 or None,
        headline={"answer": "Cannot say."},
        pages=tuple(ReleasePage(spec.slug, spec.title) for spec in SPECS),
        synthetic=True,
    )
    _write(folder / "release.json", json.dumps(made.to_json()))


def _run_record(root: Path, values: dict[str, object], is_open: bool) -> dict[str, object]:
    text = yaml.safe_dump(values).encode()
    digest = file_digest(root / DATA, open_data=is_open, root=root)
    subject = Subject(
        root=root,
        id=ID,
        title="A small evaluation",
        question="Does it rerun?",
        design="its",
        synthetic=True,
        parameters_file=root / "params" / f"{ID}.yaml",
        parameters=text,
        blocks=values,
        specs=SPECS,
        notebooks={spec.slug: read_notebook(root / spec.notebook) for spec in SPECS},
        sources=(DataSource("births", digest, is_open, root / DATA),),
        package=package_digests(),
        seeds=dict(seeds_of(values)),
        stamps={},
    )
    pages = {spec.slug: PageRecord("key", "digest", 0.1) for spec in SPECS}
    return run_record(subject, subject.fingerprints(), pages)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
