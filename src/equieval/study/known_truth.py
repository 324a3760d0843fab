"""Does a synthetic evaluation find the truth that made its data? What repetitions of it gave.

`tests/simulation/known_truth.py` draws the data of each synthetic evaluation again and again and
keeps, for every repetition, the primary estimate, its interval and the truth. The table is part
of the package; it is shown only for an evaluation that still asks what was repeated.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Final

import pandas as pd

from equieval.present import figures
from equieval.protocol import Evaluation
from equieval.study.page import Page

TABLE: Final = Path(__file__).with_name("known_truth.csv")
COLUMNS: Final = (
    "id", "repetition", "seed", "truth", "estimate", "ci_low", "ci_high", "protocol", "code",
)  # fmt: skip


def protocol_digest(evaluation: Evaluation) -> str:
    """Return a digest of the parameters that the primary estimate of given data follows from."""
    blocks = evaluation.blocks()
    equity, design = blocks["equity"], blocks["design"]
    # A series of one unit has no units to sum or to leave out: these keys say nothing there.
    unsaid = {"units", "exclusions"} if design.get("units") == [] else set()
    asked = {
        "frequency": blocks["data"]["frequency"],
        "primary": blocks["outcomes"]["primary"],
        "equity": {key: equity.get(key) for key in ("dimension", "levels", "ordered", "grouping")},
        "design": {
            key: value for key, value in design.items() if key not in {"selection", *unsaid}
        },
        "profile": blocks["disclosure"]["profile"],
    }
    text = json.dumps(asked, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def repetitions(evaluation: Evaluation, table: Path = TABLE) -> pd.DataFrame:
    """Return the repetitions of an evaluation: one row each, ``COLUMNS``.

    Empty where the evaluation is not synthetic, was not repeated, or was repeated under other
    parameters.
    """
    rows = pd.read_csv(table, dtype={"protocol": str, "code": str})
    own = rows["id"] == evaluation.identity.id
    own &= rows["protocol"] == protocol_digest(evaluation)
    return rows[own & evaluation.identity.synthetic].reset_index(drop=True)


def show_known_truth(page: Page) -> None:
    """Show how often the primary interval held the truth, where repetitions tell."""
    found = repetitions(page.evaluation)
    if found.empty:
        return
    page.show(
        "known-truth",
        figures.repetitions,
        found[["repetition", "seed", "truth", "estimate", "ci_low", "ci_high", "code"]],
        quantity=page.words["measure"],
        unit=page.words["measure_unit"],
    )
