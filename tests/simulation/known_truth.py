"""``python tests/simulation/known_truth.py``: repeat every synthetic evaluation with other draws.

Each repetition draws the data of an evaluation of the portfolio anew from the generator of its
committed data, and runs the page on inequality as the product does, disclosure control and all.
What it gave is kept beside the truth of that draw. Seeds are made of the name of the drawing and
the number of the repetition (`seed_of`), so nobody has chosen them. Finished repetitions are kept
by code and parameters: a rerun continues.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import joblib  # noqa: E402 - threads are set before numpy loads
import pandas as pd  # noqa: E402

import equieval  # noqa: E402
from equieval.data import load_observations  # noqa: E402
from equieval.data.digests import KEY_FILE  # noqa: E402
from equieval.data.synthetic import Synthetic  # noqa: E402
from equieval.data.synthetic.files import write_synthetic  # noqa: E402
from equieval.data.synthetic.portfolio import PORTFOLIO, seed_of  # noqa: E402
from equieval.errors import DesignError  # noqa: E402
from equieval.protocol import Evaluation, load_evaluation  # noqa: E402
from equieval.study.designs import study_of  # noqa: E402
from equieval.study.headline import primary_row  # noqa: E402
from equieval.study.known_truth import COLUMNS, TABLE, protocol_digest  # noqa: E402
from equieval.study.safeguard import safeguard  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
REPETITIONS = 50
_FLOORS = ("data", "disclosure", "methods", "protocol", "study")


def code_digest() -> str:
    """Return the digest of all code that a repetition runs."""
    package = Path(equieval.__file__).parent
    files = [file for floor in _FLOORS for file in sorted((package / floor).rglob("*.py"))]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in files:
        digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def repeat(id: str, number: int) -> dict[str, Any]:
    """Draw the data of an evaluation anew, analyse them, and return a row of ``COLUMNS``.

    An estimate or interval that the study refuses is missing.
    """
    known = PORTFOLIO[id]
    seed = seed_of(f"{known.drawing.name}, repetition {number}")
    asked = load_evaluation(ROOT / "params" / f"{id}.yaml")
    drawn = known.drawing.draw(seed)
    evaluation = of_draw(asked, drawn)
    row: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        root = Path(folder)
        write_synthetic(root / "data" / "synthetic", known.drawing.name, drawn)
        (root / KEY_FILE).parent.mkdir(parents=True)
        (root / KEY_FILE).write_text("00" * 32 + "\n", encoding="ascii")
        recorded = load_observations(evaluation, root)
        shown = safeguard(evaluation, recorded, root).grouped(evaluation.equity.grouping)
        analyst = study_of(evaluation.design.type).analysts["inequality-effect"]
        try:
            row |= primary_row(analyst(evaluation, shown).estimates).to_dict()
        except DesignError as refusal:
            print(f"{id}, repetition {number}: {refusal.what}", flush=True)  # noqa: T201
    found = {name: row.get(name, float("nan")) for name in ("estimate", "ci_low", "ci_high")}
    return {
        "id": id,
        "repetition": number,
        "seed": seed,
        "truth": known.truth(drawn),
        **{name: float(f"{float(value):.8g}") for name, value in found.items()},
        "protocol": protocol_digest(asked),
        "code": code_digest(),
    }


def of_draw(evaluation: Evaluation, drawn: Synthetic) -> Evaluation:
    """Return an evaluation about another draw: its treated units, controls and mergers."""
    blocks = evaluation.blocks()
    design, merged = blocks["design"], drawn.companions.get("succession")
    successors: list[str] = []
    if merged is not None:
        blocks["data"]["succession"] = merged.to_dict("records")
        successors = list(dict.fromkeys(merged["successor"]))
    units = {**drawn.truth, "controls": [*drawn.truth["controls"], *successors]}
    design |= {key: units[key] for key in ("adoption", "treated", "controls") if key in design}
    return Evaluation.of_blocks(blocks, where=f"a repetition of {evaluation.identity.id}")


def collect(tasks: Iterable[tuple[str, int]], jobs: int, store: Path) -> pd.DataFrame:
    """Run the repetitions that are not in the store yet; return all that were asked for."""
    asked = list(tasks)
    code = code_digest()
    file = store / f"{code}.jsonl"
    done = {(row["id"], row["repetition"]): row for row in _kept(file)}
    protocols = {
        id: protocol_digest(load_evaluation(ROOT / "params" / f"{id}.yaml")) for id, _ in asked
    }
    done = {task: row for task, row in done.items() if protocols.get(task[0]) == row["protocol"]}
    missing = [task for task in asked if task not in done]
    print(f"{len(asked) - len(missing)} of {len(asked)} repetitions are there.", flush=True)  # noqa: T201
    file.parent.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (
        file.open("a", encoding="utf-8") as kept,
        joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1),
    ):
        parallel = joblib.Parallel(return_as="generator_unordered", batch_size=1)
        found = parallel(joblib.delayed(repeat)(*task) for task in missing)
        for count, row in enumerate(found, start=1):
            done[row["id"], row["repetition"]] = row
            kept.write(json.dumps(row) + "\n")
            kept.flush()
            if count % 10 == 0:
                minutes = (time.monotonic() - began) / 60
                print(f"{count}/{len(missing)}  {minutes:5.1f} min", flush=True)  # noqa: T201
    return pd.DataFrame([done[task] for task in asked], columns=list(COLUMNS))


def _kept(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="evaluations; left out, all")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="of each evaluation")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 = one per core")
    parser.add_argument("--store", type=Path, default=ROOT / ".equieval" / "simulation" / "truth")
    options = parser.parse_args()
    ids = options.ids or list(PORTFOLIO)
    unknown = [id for id in ids if id not in PORTFOLIO]
    if unknown:
        sys.exit(f"No synthetic evaluation is called {', '.join(unknown)}.")
    tasks = [(id, number) for id in ids for number in range(1, options.repetitions + 1)]
    table = collect(tasks, options.jobs, options.store)
    if options.ids and TABLE.exists():
        before = pd.read_csv(TABLE, dtype={"protocol": str, "code": str})
        table = pd.concat([before[~before["id"].isin(ids)], table], ignore_index=True)
    order = {id: place for place, id in enumerate(PORTFOLIO)}
    table = table.sort_values(
        ["id", "repetition"], key=lambda s: s.map(order) if s.name == "id" else s
    )
    unfinished = TABLE.with_suffix(".part")
    table.to_csv(unfinished, index=False, lineterminator="\n")
    unfinished.replace(TABLE)
    for id, rows in table.groupby("id", sort=False):
        held = ((rows["ci_low"] <= rows["truth"]) & (rows["truth"] <= rows["ci_high"])).sum()
        given = rows["ci_low"].notna().sum()
        print(f"{id}: {held} of {given} intervals hold the truth, {len(rows)} draws")  # noqa: T201


if __name__ == "__main__":
    main()
