"""The tables of the page: every cell with its verdict, every interval of every cell."""

from __future__ import annotations

from typing import Final

import pandas as pd

from equieval.present.artefact import Column, Table
from intervals.grid import Cell, cell_by_id
from intervals.series import SeriesCell
from intervals.staggered import ALL_AT_ONCE, BEFORE, StaggeredCell
from intervals.words import METHODS, ROLES, SHORT_FAMILY, estimand, family, one_line, together


def cells_table(judged: pd.DataFrame, cells: tuple[Cell, ...], verdicts: pd.DataFrame) -> Table:
    records = []
    for cell, verdict in zip(cells, verdicts["verdict"], strict=True):
        own = judged[(judged["cell"] == cell.id) & (judged["role"] == "headline")]
        given = own[own["published"] > 0]
        ends = (given["coverage"].min(), given["coverage"].max())
        records.append(
            {
                "label": together(cell.label),
                "design": SHORT_FAMILY[family(cell)],
                "verdict": verdict,
                "interval": _interval_words(cell),
                "low": 100 * ends[0] if len(given) else "[z]",
                "high": 100 * ends[1],
                "withheld": 100 * own["withheld"].mean() if len(own) else 100.0,
                "replications": int(judged.loc[judged["cell"] == cell.id, "replications"].max()),
            }
        )
    return Table(
        "Every cell of the grid and its verdict",
        pd.DataFrame(records),
        (
            Column("label", "Cell"),
            Column("design", "Design"),
            Column("interval", "Interval"),
            Column("verdict", "Verdict"),
            Column("low", "Coverage", "% of published", "interval", upper="high", decimals=1),
            Column("withheld", "Withheld", "% of replications", "rate", decimals=1),
            Column("replications", "Replications", "", "count"),
        ),
        note="Coverage: from the lowest to the highest of the cell's headline intervals. Withheld: "
        "the product says “cannot say”, or the estimator refuses the series; the mean over what is "
        "estimated.",
    )


def _interval_words(cell: Cell) -> str:
    if isinstance(cell, SeriesCell):
        return "quasi-Poisson" if cell.outcome == "count" else "REML"
    if isinstance(cell, StaggeredCell):
        return "by arm"
    return {
        "clustered": "clustered",
        "wild-bootstrap": "wild bootstrap",
        "reassignment": "reassignment, or by size",
        "none": "none",
    }[cell.rule.interval]


def full_table(rows: pd.DataFrame, name: str) -> Table:
    whole = rows["estimand"].isin([ALL_AT_ONCE, BEFORE])
    bias = rows["bias"].astype(object).mask(whole, "[z]")
    width = rows["median_width"].astype(object).mask(rows["estimand"] == BEFORE, "[z]")
    data = pd.DataFrame(
        {
            "label": [one_line(label) for label in rows["label"]],
            "what": [
                one_line(estimand(cell_by_id(row["cell"]), row["measure"], row["estimand"]))
                for row in rows.to_dict("records")
            ],
            "method": [one_line(METHODS[method]) for method in rows["method"]],
            "role": [one_line(ROLES[part]) for part in rows["role"]],
            "verdict": [one_line(verdict) for verdict in rows["verdict"]],
            "coverage": 100 * rows["coverage"],
            "low": 100 * rows["coverage_low"],
            "high": 100 * rows["coverage_high"],
            "if_shown": 100 * rows["coverage_if_shown"],
            "bias": _significant(bias),
            "width": _significant(width),
            "power": 100 * rows["power"],
            "cannot_say": 100 * rows["cannot_say"] / rows["replications"],
            "refused": 100 * rows["refused"] / rows["replications"],
            "replications": rows["replications"],
        }
    )
    return Table(
        f"{name}: every interval of every cell",
        data,
        (
            Column("label", "Cell"),
            Column("what", "What is estimated"),
            Column("method", "Interval"),
            Column("role", "Role"),
            Column("verdict", "Verdict"),
            Column("coverage", "Coverage", "% of published", "rate", decimals=1),
            Column("low", "99% Monte-Carlo interval", "%", "interval", upper="high", decimals=1),
            Column("if_shown", "Coverage, had all been shown", "%", "rate", decimals=1),
            Column("bias", "Bias", _UNITS[name], align="right"),
            Column("width", "Median width", _UNITS[name], align="right"),
            Column("power", "Power", "% of replications", "rate", decimals=1),
            Column("cannot_say", "Cannot say", "% of replications", "rate", decimals=1),
            Column("refused", "Refused", "% of replications", "rate", decimals=1),
            Column("replications", "Replications", "", "count"),
        ),
        note=_NOTES[name],
    )


def _significant(values: pd.Series) -> list[str]:
    """Write numbers of very different size with three digits, markers as they are."""
    written = []
    for value in values:
        if isinstance(value, str):
            written.append(value)
        elif pd.isna(value):
            written.append("[x]")
        else:
            rounded = float(f"{value:.3g}")
            written.append(f"{rounded:,.10g}".replace("-", "\N{MINUS SIGN}"))
    return written


_UNITS: Final = {
    "Series of a rate": "per 1,000",
    "Series of counts": "as estimated",
    "Series of an inequality index": "per 1,000",
    "Units with one start": "as estimated",
    "Units that join at three dates": "as estimated",
}

_NOTES: Final = {
    "Series of a rate": "The true level change is −10 per 1,000, on a rate of 90, and the slope "
    "change −0.3 per 1,000 a month; the standard deviation of the autocorrelated noise is 6. The "
    "cumulative effect is in monthly rates added up.",
    "Series of counts": "The true rate falls from 4 to 3 per 1,000 (a ratio of 0.75). Ratios are "
    "ratios, the effect at the end is per 1,000, the cumulative effect a number of events.",
    "Series of an inequality index": "The true change of the slope index is −10 per 1,000 on one "
    "of 30 (rare outcome: −1 on 2.5), without a change of slope.",
    "Units with one start": "The true effect on the rate is near −1 per 100 on one of 9 (rare "
    "outcome: near −0.6 per 1,000 on 4). Births are those of an average unit in a month. Rates, "
    "gaps and indices are in those units, ratios are differences of ratios.",
    "Units that join at three dates": "The true effect starts at −0.7 per 100 and grows by 0.04 a "
    "month (rare outcome: a ratio of 0.82, growing by 1% a month; rates per 1,000). Quarters are "
    "those of a report, each against the quarter before the start. Power of the band: that it "
    "leaves out no effect in some quarter; of the test before the start: its false alarms.",
}
