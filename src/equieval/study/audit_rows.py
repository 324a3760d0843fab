"""Rows of an audit's tables: their ids, and what each of them rests on."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from equieval.disclosure.models import CELL_COLUMNS
from equieval.study.analysis import Analysis, tidy

PLAUSIBILITY = 2.0
"""By how much a group's share among people of unknown group may differ, as a factor."""


def with_cells(rows: list[dict[str, Any]], frames: dict[str, pd.DataFrame]) -> Analysis:
    """Return the analysis of rows that also say, as ``people, events``, what they rest on.

    These two go into the frame ``behind``, by which disclosure control judges the estimates.
    """
    behind = pd.DataFrame(
        [
            {
                "id": row["id"],
                "kind": "group",
                "cell": f"{row['estimand']}, {row['stratum']}",
                "people": row.pop("people"),
                "events": row.pop("events"),
                "residual_df": np.nan,
            }
            for row in rows
        ],
        columns=list(CELL_COLUMNS),
    )
    return Analysis(tidy(rows), {**frames, "behind": behind})


def joined(tables: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return tables one under the other, with these columns; an empty one where there is none."""
    if not tables:
        return pd.DataFrame(columns=columns)
    return pd.concat(list(tables), ignore_index=True)[columns]


def ids(page: str, outcome: str, kind: str, source: str, parts: pd.Series) -> pd.Series:
    """Return the keys of the estimates of one source, one for each of its parts."""
    stem = f"{page}.{outcome}.{kind}.{source}"
    return pd.Series([f"{stem}.{slug(part)}" for part in parts], index=parts.index, dtype="str")


def taken(row: Mapping[Hashable, Any], *names: str) -> dict[str, Any]:
    """Return some of a row's values by their names."""
    return {name: row[name] for name in names}


def slug(words: object) -> str:
    """Return words as part of an id.

    >>> slug("Ashmere Trust"), slug("Not known")
    ('ashmere-trust', 'not-known')
    """
    plain = "".join(letter if letter.isalnum() else "-" for letter in str(words).lower())
    return "-".join(part for part in plain.split("-") if part)
