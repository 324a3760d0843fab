"""How much faster the report's pages run on warm kernels than by plain Papermill.

    python tests/benchmarks/runs_warm_kernels.py [--jobs N]

Runs the project's own evaluation three ways, one after the other on the same machine, so
that the ratios mean something where the seconds do not: Papermill by itself, page after
page, each on a kernel that imports the stack; the same pages side by side on plain
kernels; and as `equieval run` does it, warm parent included in the time. Prints the
seconds and ratios as JSON.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

import papermill
import yaml

from equieval.runs import Kernels, run
from equieval.runs.schedule import processors
from equieval.study.pages import pages_for

ROOT = Path(__file__).parents[2]
PARAMETERS = Path("params") / "stillbirth-care-bundle-england.yaml"


def copy_project(root: Path) -> Path:
    for folder in ("params", "data", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "_quarto.yml").touch()
    return root


def by_papermill(root: Path) -> None:
    parameters = yaml.safe_load((root / PARAMETERS).read_text())
    for spec in pages_for(parameters["design"]["type"]):
        papermill.execute_notebook(
            root / spec.notebook,
            root / f"{spec.slug}.ipynb",
            parameters=parameters,
            progress_bar=False,
            cwd=root,
        )


def by_runs(root: Path, jobs: int, *, warm: bool) -> None:
    with Kernels(warm=warm) as kernels:
        run(root, root / PARAMETERS, jobs=jobs, kernels=kernels).raise_failures()


def seconds(work: object) -> float:
    assert callable(work)
    with tempfile.TemporaryDirectory() as folder:
        root = copy_project(Path(folder) / "project")
        began = time.perf_counter()
        work(root)
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=processors())
    jobs = parser.parse_args().jobs
    plain = seconds(by_papermill)
    spawned = seconds(lambda root: by_runs(root, jobs, warm=False))
    warm = seconds(lambda root: by_runs(root, jobs, warm=True))
    result = {
        "jobs": jobs,
        "papermill_seconds": round(plain, 1),
        "plain_kernels_seconds": round(spawned, 1),
        "warm_kernels_seconds": round(warm, 1),
        "papermill_over_warm": round(plain / warm, 2),
        "plain_kernels_over_warm": round(spawned / warm, 2),
    }
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
