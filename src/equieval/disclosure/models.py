"""What an estimate may rest on: the cells behind a coefficient, and the freedom of its model.

A coefficient that has a cell of its own (an indicator, a cohort in a period, an event time) is a
mean of that cell, and tells its count as a rate would. A model with hardly more observations than
terms repeats its data. Both matter where models see exact counts; where all counts are protected
first, a coefficient tells no more than they do, and what is left to check is that it was indeed
computed from them. The least residual degrees of freedom are those of the ACRO project's output
checking.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from equieval.errors import InputError

if TYPE_CHECKING:
    from equieval.disclosure.profiles import Profile

CELL_COLUMNS = ("id", "kind", "cell", "people", "events", "residual_df")
"""The table of cells behind estimates: see `check_models`."""

KINDS = (
    "period",
    "group",
    "indicator",
    "cohort-time",
    "event-time",
    "unit",
    "residual",
)
_CELL_MEANS = frozenset({"indicator", "cohort-time", "event-time", "unit"})
"""Kinds of cell that a coefficient, or a point of a funnel, has to itself."""


@dataclass(frozen=True)
class ModelRule:
    """What a profile asks of estimates.

    Attributes
    ----------
    exact : models see exact counts, and every rule below applies to every estimate; otherwise
        they see protected counts.
    least_events : fewest events in a cell behind an estimate.
    residual_df : fewest residual degrees of freedom of a model that sees exact counts.
    """

    exact: bool = False
    least_events: int = 0
    residual_df: float = 10.0


@dataclass(frozen=True)
class ModelFinding:
    """An estimate that must not be published as it is, and why; no count is named."""

    id: str
    page: str
    message: str


def no_cells() -> pd.DataFrame:
    """Return an empty table of cells."""
    return pd.DataFrame({name: pd.Series(dtype="object") for name in CELL_COLUMNS})


def check_models(
    estimates: pd.DataFrame, cells: pd.DataFrame, profile: Profile
) -> tuple[ModelFinding, ...]:
    """Judge the estimates of an evaluation by the cells that they rest on.

    Parameters
    ----------
    estimates : the Estimates table; rows without an estimate show nothing and pass.
    cells : `CELL_COLUMNS`; one row per cell behind an estimate, or the smallest cell of each
        kind: ``id`` (of the estimate), ``kind`` (one of `KINDS`; ``residual`` is a residual of
        one unit), ``cell`` (its name, for the message), ``people`` and ``events`` in it as the
        model saw them, ``residual_df`` of the model (missing where no model was fitted).
    profile : the rules.

    Returns
    -------
    What speaks against publication, in the order of the estimates.

    Raises
    ------
    InputError : the table of cells lacks a column, or has a kind that no rule judges.
    """
    _require(cells)
    if profile.published_already:
        return ()
    shown = estimates[estimates["estimate"].notna()]
    behind = {str(name): rows for name, rows in cells.groupby("id", sort=False)}
    return tuple(
        ModelFinding(str(row["id"]), str(row["page"]), message)
        for row in shown.to_dict("records")
        for message in _messages(row, behind.get(str(row["id"])), profile)
    )


def _messages(
    row: Mapping[Hashable, Any], cells: pd.DataFrame | None, profile: Profile
) -> Iterator[str]:
    rule, n_events = profile.models, row["n_events"]
    has_its_own = any(not pd.isna(row.get(name)) for name in ("cohort", "event_time"))
    if rule.exact and not pd.isna(n_events) and float(n_events) < rule.least_events:
        yield f"fewer than {rule.least_events} events are behind it"
    if cells is None:
        if rule.exact or (rule.least_events and has_its_own):
            yield "nothing says which cells are behind it, so it cannot be judged"
        return
    if (cells["kind"] == "residual").any():
        yield "it is a residual of one unit"
    judged = cells if rule.exact else cells[cells["kind"].isin(_CELL_MEANS)]
    few = judged[~(judged["events"].astype("float64") >= rule.least_events)]
    if len(few):
        where = f"{few['kind'].iloc[0]} {few['cell'].iloc[0]}"
        more = f" and {len(few) - 1} more" if len(few) > 1 else ""
        yield f"it rests on a cell of fewer than {rule.least_events} events ({where}{more})"
    if rule.exact:
        if (cells["residual_df"].astype("float64") < rule.residual_df).any():
            yield f"its model leaves fewer than {rule.residual_df:g} residual degrees of freedom"
    elif not _protected(cells, profile):
        yield "it rests on counts that were not protected"


def _protected(cells: pd.DataFrame, profile: Profile) -> bool:
    """Whether every count behind an estimate is one that the profile can show."""
    return all(
        bool(np.all(profile.counting.can_show(cells[name]))) for name in ("people", "events")
    )


def _require(cells: pd.DataFrame) -> None:
    absent = [name for name in CELL_COLUMNS if name not in cells.columns]
    if absent:
        raise InputError(
            f"the table of cells behind estimates has no column '{absent[0]}'",
            remedy=f"give {', '.join(CELL_COLUMNS)}",
        )
    unknown = sorted(set(cells["kind"]) - set(KINDS))
    if unknown:
        raise InputError(
            f"'{unknown[0]}' is no kind of cell that a rule judges",
            where="the table of cells behind estimates",
            remedy=f"use one of {', '.join(KINDS)}",
        )
