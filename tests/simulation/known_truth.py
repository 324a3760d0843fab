"""``python tests/simulation/known_truth.py``: repeat every synthetic evaluation with other draws.

Each repetition draws the data of an evaluation of the portfolio anew from the generator of its
committed data, and runs the page on inequality as the product does, disclosure control and all;
of the audit, all that it reports. What it gave is kept beside the truth of that draw. Seeds are
made of the name of the drawing and the number of the repetition (`seed_of`), so nobody has chosen
them. Finished repetitions are kept by code and parameters: a rerun continues.
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
from equieval.data import Observations, load_observations  # noqa: E402
from equieval.data.digests import KEY_FILE  # noqa: E402
from equieval.data.synthetic import Synthetic  # noqa: E402
from equieval.data.synthetic.files import write_synthetic  # noqa: E402
from equieval.data.synthetic.portfolio import (  # noqa: E402
    EQUITY_AUDIT,
    PORTFOLIO,
    Drawing,
    seed_of,
)
from equieval.errors import DesignError  # noqa: E402
from equieval.protocol import Evaluation, load_evaluation  # noqa: E402
from equieval.study import known_audit  # noqa: E402
from equieval.study.audits import evidence_of  # noqa: E402
from equieval.study.designs import study_of  # noqa: E402
from equieval.study.headline import primary_row  # noqa: E402
from equieval.study.known_truth import COLUMNS, TABLE, protocol_digest  # noqa: E402
from equieval.study.safeguard import safeguard  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
AUDIT = "maternity-equity-audit-ashmere"
REPETITIONS = 50
Row = dict[str, Any]
_FLOORS = ("data", "disclosure", "methods", "protocol", "study")


def code_digest() -> str:
    """Return the digest of all code that a repetition runs."""
    package = Path(equieval.__file__).parent
    files = [file for floor in _FLOORS for file in sorted((package / floor).rglob("*.py"))]
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for file in files:
        digest.update(file.relative_to(package).as_posix().encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def repeat(id: str, number: int) -> list[Row]:
    """Draw the data of an evaluation anew, analyse them, and return what it gave.

    One row of ``COLUMNS``; of the audit, a row of `known_audit.COLUMNS` for all that it reports.
    An estimate or interval that the study refuses is missing.
    """
    drawing = EQUITY_AUDIT if id == AUDIT else PORTFOLIO[id].drawing
    seed = seed_of(f"{drawing.name}, repetition {number}")
    asked = load_evaluation(ROOT / "params" / f"{id}.yaml")
    drawn = drawing.draw(seed)
    evaluation = asked if id == AUDIT else of_draw(asked, drawn)
    shown = observed(evaluation, drawing, drawn)
    if id == AUDIT:
        found = known_audit.against_truth(evidence_of(evaluation, shown), drawn)
    else:
        found = [{"truth": PORTFOLIO[id].truth(drawn), **_primary(evaluation, shown, number)}]
    names = ("estimate", "ci_low", "ci_high")
    about = {"id": id, "repetition": number, "seed": seed}
    digests = {"protocol": protocol_digest(asked), "code": code_digest()}
    return [
        {**about, **row, **{name: float(f"{float(row[name]):.8g}") for name in names}, **digests}
        for row in found
    ]


def _primary(evaluation: Evaluation, shown: Observations, number: int) -> Row:
    """Return estimate and interval of the primary estimand."""
    analyst = study_of(evaluation.design.type).analysts["inequality-effect"]
    row: Row = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = primary_row(analyst(evaluation, shown).estimates).to_dict()
    except DesignError as refusal:
        print(f"{evaluation.identity.id}, repetition {number}: {refusal.what}", flush=True)  # noqa: T201
    return {name: row.get(name, float("nan")) for name in ("estimate", "ci_low", "ci_high")}


def observed(evaluation: Evaluation, drawing: Drawing, drawn: Synthetic) -> Observations:
    """Return a draw as a page would have it: written, loaded, and under disclosure control."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_synthetic(root / "data" / "synthetic", drawing.name, drawn)
        (root / KEY_FILE).parent.mkdir(parents=True)
        (root / KEY_FILE).write_text("00" * 32 + "\n", encoding="ascii")
        recorded = load_observations(evaluation, root)
        return safeguard(evaluation, recorded, root).grouped(evaluation.equity.grouping)


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


def collect(tasks: Iterable[tuple[str, int]], jobs: int, store: Path) -> list[Row]:
    """Run the repetitions that are not in the store yet; return the rows of all asked for."""
    asked = list(tasks)
    file = store / f"{code_digest()}.jsonl"
    protocols = {
        id: protocol_digest(load_evaluation(ROOT / "params" / f"{id}.yaml")) for id, _ in asked
    }
    done = {
        (rows[0]["id"], rows[0]["repetition"]): rows
        for rows in _kept(file)
        if protocols.get(rows[0]["id"]) == rows[0]["protocol"]
    }
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
        for count, rows in enumerate(found, start=1):
            done[rows[0]["id"], rows[0]["repetition"]] = rows
            kept.write(json.dumps(rows) + "\n")
            kept.flush()
            if count % 10 == 0:
                minutes = (time.monotonic() - began) / 60
                print(f"{count}/{len(missing)}  {minutes:5.1f} min", flush=True)  # noqa: T201
    return [row for task in asked for row in done[task]]


def _kept(file: Path) -> Iterator[list[Row]]:
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def write(rows: list[Row], columns: Iterable[str], table: Path, ids: Iterable[str]) -> None:
    """Put rows into a table that is part of the package, in the place of those of the same ids."""
    if not rows:
        return
    frame = pd.DataFrame(rows, columns=list(columns))
    if table.exists():
        before = pd.read_csv(table, dtype={"protocol": str, "code": str})
        frame = pd.concat([before[~before["id"].isin(list(ids))], frame], ignore_index=True)
    order = {id: place for place, id in enumerate((*PORTFOLIO, AUDIT))}
    frame = frame.sort_values(
        ["id", "repetition"], key=lambda s: s.map(order) if s.name == "id" else s, kind="stable"
    )
    unfinished = table.with_suffix(".part")
    frame.to_csv(unfinished, index=False, lineterminator="\n")
    unfinished.replace(table)


def main() -> None:
    """Parse the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="evaluations; left out, all")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS, help="of each evaluation")
    parser.add_argument("--jobs", type=int, default=-1, help="processes; -1 = one per core")
    parser.add_argument("--store", type=Path, default=ROOT / ".equieval" / "simulation" / "truth")
    options = parser.parse_args()
    ids = options.ids or [*PORTFOLIO, AUDIT]
    unknown = [id for id in ids if id not in (*PORTFOLIO, AUDIT)]
    if unknown:
        sys.exit(f"No synthetic evaluation is called {', '.join(unknown)}.")
    tasks = [(id, number) for id in ids for number in range(1, options.repetitions + 1)]
    rows = collect(tasks, options.jobs, options.store)
    effects = [row for row in rows if row["id"] != AUDIT]
    audits = [row for row in rows if row["id"] == AUDIT]
    write(effects, COLUMNS, TABLE, ids)
    write(audits, known_audit.COLUMNS, known_audit.TABLE, ids)
    for id, drawn in pd.DataFrame(effects).groupby("id", sort=False) if effects else ():
        held = ((drawn["ci_low"] <= drawn["truth"]) & (drawn["truth"] <= drawn["ci_high"])).sum()
        given = drawn["ci_low"].notna().sum()
        print(f"{id}: {held} of {given} intervals hold the truth, {len(drawn)} draws")  # noqa: T201
    if audits:
        print(known_audit.how_often(pd.DataFrame(audits), "the reference").to_string())  # noqa: T201


if __name__ == "__main__":
    main()
