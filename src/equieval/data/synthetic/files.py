"""Writing synthetic tables so that nobody can take them for real ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd

from equieval.data.synthetic.record import Synthetic

LABEL_COLUMN = "data_label"
"""The first column of every file; it says ``synthetic`` in each row."""

NOTICE = (
    "Synthetic data: made up by a computer with a known truth. The places do not exist, and no "
    "row is about a real person."
)

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def write_synthetic(folder: Path, name: str, synthetic: Synthetic) -> tuple[Path, ...]:
    """Write a synthetic source, its companions and its truth; return the files' paths.

    ``<name>.csv`` is the table and ``<name>-<companion>.csv`` each companion, their first column
    ``data_label`` saying ``synthetic`` in every row (a loader leaves unnamed columns unread; a
    comment line it could not). ``<name>.truth.json`` holds label, notice and ``truth`` with the
    seed, ``<name>.truth.csv`` all true values. Bytes depend on nothing but the draw: UTF-8, line
    feeds, empty cells for what is missing. Existing files are replaced.

    Raises
    ------
    ValueError : the name is not made of small letters, digits and hyphens.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"'{name}' is no name of a file: use small letters, digits and hyphens")
    folder.mkdir(parents=True, exist_ok=True)
    tables = {f"{name}.csv": synthetic.table}
    for companion, table in synthetic.companions.items():
        tables[f"{name}-{companion}.csv"] = table
    tables[f"{name}.truth.csv"] = synthetic.estimands
    written = [
        _write(
            folder / file,
            _labelled(table, synthetic.label).to_csv(index=False, lineterminator="\n"),
        )
        for file, table in tables.items()
    ]
    record = {"label": synthetic.label, "notice": NOTICE, "truth": synthetic.truth}
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    written.append(_write(folder / f"{name}.truth.json", text + "\n"))
    return tuple(written)


def _labelled(table: pd.DataFrame, label: str) -> pd.DataFrame:
    labels = pd.Series(label, index=table.index, name=LABEL_COLUMN)
    return pd.concat([labels, table], axis=1)


def _write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path
