"""``python tests/simulation/intervals``: run what is missing, sum up, write the page."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pandas as pd  # noqa: E402

import equieval  # noqa: E402
from intervals import chunks, page, results  # noqa: E402 - threads are set before numpy loads
from intervals.grid import GRID, REPLICATIONS  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python tests/simulation/intervals", description=__doc__)
    parser.add_argument("--replications", type=int, default=REPLICATIONS, help="per cell")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 = one per core")
    parser.add_argument("--cells", nargs="*", help="ids: run these and print")
    parser.add_argument("--store", type=Path, default=ROOT / ".equieval" / "simulation")
    parser.add_argument("--no-run", action="store_true", help="sum up what is there")
    parser.add_argument("--page-only", action="store_true", help="from the committed results")
    options = parser.parse_args()
    if not options.page_only:
        cells = [cell for cell in GRID if not options.cells or cell.id in options.cells]
        planned = chunks.plan(cells, options.replications, options.store)
        if not options.no_run:
            _run(planned, options.jobs)
        answers = chunks.collect(planned)
        table = results.summarise(answers, code=chunks.code_digest(), version=equieval.__version__)
        if options.cells:
            _print(table)
            return
        order = {cell.id: place for place, cell in enumerate(GRID)}
        table = table.sort_values("cell", key=lambda ids: ids.map(order), kind="stable")
        results.write(table, page.results_path(ROOT))
    page.write(ROOT)


def _print(table: pd.DataFrame) -> None:
    columns = ["cell", "measure", "estimand", "method", "role", "coverage", "verdict"]
    print(results.judge(table)[columns].round(3).to_string(index=False))  # noqa: T201


def _run(planned: list[chunks.Chunk], jobs: int) -> None:
    missing = sum(not chunk.path.exists() for chunk in planned)
    print(f"{len(planned) - missing} of {len(planned)} chunks are there.", flush=True)  # noqa: T201
    began = time.monotonic()
    for number, chunk in enumerate(chunks.run(planned, jobs), start=1):
        minutes = (time.monotonic() - began) / 60
        print(  # noqa: T201
            f"{number}/{missing}  {minutes:5.1f} min  {chunk.cell.id}, "
            f"replications {chunk.first + 1}–{chunk.last}",
            flush=True,
        )


if __name__ == "__main__":
    main()
