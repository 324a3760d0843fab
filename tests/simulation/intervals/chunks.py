"""Run the grid in chunks that are written as they are done, so that a rerun continues.

A replication's random numbers follow from its cell and number alone: neither the number of
processes, nor the order, nor an interruption changes a result. Chunks lie in a folder named after
the code that made them, so that an estimate of other code is never counted.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import joblib
import numpy as np
import pandas as pd

import equieval
from intervals import answers
from intervals.grid import Cell

CHUNK = 250
#: Every cell gets so many before any cell gets more.
FIRST_ROUND = 500


@dataclass(frozen=True)
class Chunk:
    """Replications ``first`` to ``last`` − 1 of a cell, and the file that holds them."""

    cell: Cell
    first: int
    last: int
    path: Path


def code_digest() -> str:
    """Return the digest of the code whose intervals are judged, and of what draws the data."""
    package = Path(equieval.__file__).parent
    here = Path(__file__).parent
    files = [
        *sorted((package / "methods").glob("*.py")),
        *sorted((package / "data" / "synthetic").glob("*.py")),
        *(here / name for name in ("answers.py", "panels.py", "series.py", "staggered.py")),
    ]
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def plan(cells: Sequence[Cell], replications: int, store: Path) -> list[Chunk]:
    """Return all chunks, a first round over every cell before the rest, cell by cell."""
    planned = []
    for cell in cells:
        settings = {key: value for key, value in asdict(cell).items() if key != "label"}
        name = hashlib.sha256(repr(settings).encode()).hexdigest()[:8]
        folder = store / code_digest() / f"{cell.id}-{name}"
        for first in range(0, replications, CHUNK):
            last = min(first + CHUNK, replications)
            planned.append(Chunk(cell, first, last, folder / f"{first:05d}-{last:05d}.parquet"))
    return sorted(planned, key=lambda chunk: chunk.first >= FIRST_ROUND)


def make(chunk: Chunk) -> Chunk:
    """Run a chunk and write its answers, all of them or none."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(chunk.first, chunk.last):
            seed = _seed(chunk.cell.id, number)
            found += [(number, answer) for answer in chunk.cell.draw(number, seed)]
    chunk.path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = chunk.path.with_suffix(".part")
    answers.frame(found).to_parquet(unfinished, index=False)
    unfinished.replace(chunk.path)
    return chunk


def run(chunks: Iterable[Chunk], jobs: int) -> Iterator[Chunk]:
    """Make the chunks that are not there yet; yield each as it is written."""
    missing = [chunk for chunk in chunks if not chunk.path.exists()]
    if jobs == 1:
        yield from map(make, missing)
        return
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        yield from parallel(joblib.delayed(make)(chunk) for chunk in missing)


def collect(chunks: Iterable[Chunk]) -> pd.DataFrame:
    """Return all answers there are, with their ``cell``, in the order of the grid."""
    frames = [
        pd.read_parquet(chunk.path).assign(cell=chunk.cell.id)
        for chunk in chunks
        if chunk.path.exists()
    ]
    if not frames:
        sys.exit("There are no results yet: run some replications first.")
    return pd.concat(frames, ignore_index=True)


def _seed(cell: str, number: int) -> int:
    sequence = np.random.SeedSequence([zlib.crc32(cell.encode()), number])
    return int(sequence.generate_state(1)[0])
