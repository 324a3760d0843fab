"""The plain answer: which intervals can be trusted, which not, and where there is none."""

from __future__ import annotations

from typing import Final

import pandas as pd

from equieval.present.artefact import Column, Table
from intervals.grid import cell_by_id
from intervals.results import FAILED
from intervals.staggered import ALL_AT_ONCE, BEFORE, FIRST_QUARTER, LAST_QUARTER, OVER_TIMES
from intervals.words import estimand


def by_promise(judged: pd.DataFrame) -> pd.DataFrame:
    """Return headline rows summed up by what is estimated.

    ``family, what, cells, kept, failed, lowest, where``: in how many cells there is such a
    headline with any published interval, in how many it holds, and where coverage is lowest.
    """
    rows = judged[(judged["role"] == "headline") & (judged["published"] > 0)]
    rows = rows.assign(
        what=[
            estimand(cell_by_id(row["cell"]), row["measure"], row["estimand"])
            for row in rows.to_dict("records")
        ],
        fails=rows["verdict"].isin(FAILED),
    )
    records = []
    for (family, what), group in rows.groupby(["family", "what"], sort=False):
        failed = group.loc[group["fails"], "cell"].nunique()
        worst = group.loc[group["coverage"].idxmin()]
        records.append(
            {
                "family": family,
                "what": what,
                "cells": group["cell"].nunique(),
                "kept": group["cell"].nunique() - failed,
                "failed": failed,
                "lowest": 100 * worst["coverage"],
                "where": worst["label"],
            }
        )
    return pd.DataFrame(records)


def table(promises: pd.DataFrame) -> Table:
    """Return the answer as a table."""
    return Table(
        "In how many cells the headline interval keeps its promise, by what is estimated",
        promises,
        (
            Column("what", "What is estimated"),
            Column("family", "Design"),
            Column("kept", "Kept", "cells", "count"),
            Column("failed", "Failed", "cells", "count"),
            Column("lowest", "Lowest coverage", "% of published", "rate", decimals=1),
            Column("where", "Where that is"),
        ),
        note="A cell in which nothing is ever published is not counted here.",
    )


def sentences(promises: pd.DataFrame, silent: list[str]) -> str:
    """Return the answer in words: trust, do not trust everywhere, no interval by design."""
    kept = promises[promises["failed"] == 0]
    failed = promises[promises["failed"] > 0]
    lines = []
    if len(kept):
        lines += ["**Kept in every cell**, but for what chance explains:", "", *_items(kept), ""]
    if len(failed):
        lines += ["**Not kept everywhere** (the reasons are [below](#what-fails)):", ""]
        lines += [*_items(failed), ""]
    if silent:
        lines += ["**No interval, by design:** " + "; ".join(silent) + ".", ""]
    return "\n".join(lines).rstrip()


def _items(promises: pd.DataFrame) -> list[str]:
    items = []
    for family, rows in promises.groupby("family", sort=False):
        words = [
            row["what"][0].lower()
            + row["what"][1:]
            + (f" (fails in {row['failed']} of {row['cells']})" if row["failed"] else "")
            for row in rows.to_dict("records")
        ]
        items.append(f"- {family.lower()}: {'; '.join(words)}")
    return items


def beside(judged: pd.DataFrame) -> str:
    """Return what intervals would do that may not stand in a headline, as a list."""
    rows = judged[judged["role"] == "beside"]
    cells = {name: cell_by_id(name) for name in rows["cell"].unique()}
    phi = rows["cell"].map(lambda name: cells[name].phi)
    treated = rows["cell"].map(lambda name: getattr(cells[name], "treated", 0))
    clustered = rows["method"].isin(["clustered", "cr2", "stacked"])
    kinds = {
        "Ordinary least squares for a level change, autocorrelation 0.4 or 0.6": (
            (rows["method"] == "ols") & (phi >= 0.4)
        ),
        "Newey–West for a level change": rows["method"] == "newey-west",
        "Quasi-Poisson without autocorrelation, where it is 0.4 or 0.6": (
            (rows["method"] == "quasi-poisson") & (phi >= 0.4)
        ),
        "Clustered errors (also CR2, also stacked groups) with one treated unit": (
            clustered & (treated == 1)
        ),
        "Clustered errors without correction, three treated units": (
            rows["method"].isin(["clustered", "stacked"]) & (treated == 3)
        ),
        "The wild bootstrap with one treated unit, so wide that it never finds an effect": (
            (rows["method"] == "wild-bootstrap") & (treated == 1)
        ),
        "Ferman and Pinto's interval, three treated units": (
            (rows["method"] == "ferman-pinto") & (treated == 3)
        ),
        "Synthetic difference-in-differences with placebo errors, one or three treated units": (
            rows["method"] == "synthetic-did"
        ),
    }
    return "\n".join(
        f"- {words}: {_span(rows[chosen])}" for words, chosen in kinds.items() if chosen.any()
    )


_BY_TIME: Final = {
    OVER_TIMES: "The average over times since the start",
    FIRST_QUARTER: "The effect in the first quarter after the start",
    LAST_QUARTER: "The effect in the last quarter, to which one cohort of four reaches",
    ALL_AT_ONCE: "The band for all quarters at once",
    BEFORE: "The test of the quarters before the start (that it finds no difference, as is true)",
}


def secondary(judged: pd.DataFrame) -> str:
    """Return how the results fare that are published beside the headline, as a list."""
    rows = judged[judged["role"] == "secondary"]
    few = rows["cell"].map(lambda name: getattr(cell_by_id(name), "treated", 0) < 12)
    ratio = rows["measure"] == "ratio"
    kinds = {
        "The ratio of two rates, twelve treated units": ratio & ~few,
        "The ratio of two rates, one or three treated units": ratio & few,
        **{words: rows["estimand"] == estimand for estimand, words in _BY_TIME.items()},
    }
    return "\n".join(
        f"- {words}: {_span(rows[chosen])}; {rows.loc[chosen, 'verdict'].isin(FAILED).sum()} of "
        f"{chosen.sum()} fail"
        for words, chosen in kinds.items()
        if chosen.any()
    )


def _span(rows: pd.DataFrame) -> str:
    low, high = (f"{100 * rows['coverage_if_shown'].agg(end):.1f}" for end in ("min", "max"))
    return f"{low}%" if low == high else f"{low} to {high}%"
