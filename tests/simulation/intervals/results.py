"""From answers to results: coverage and its Monte-Carlo error, bias, width, power, verdict.

The table of results holds counts and sums only; roles and verdicts follow from it and from the
declared grid, so that a reader can check them.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from intervals.grid import BAND, ERROR, NOMINAL, Cell, cell_by_id, role

FAILED: Final = ("too narrow", "too wide")
KEYS: Final = ["cell", "measure", "estimand", "method"]
COLUMNS: Final = [
    *KEYS,
    "replications",
    "published",
    "cannot_say",
    "refused",
    "covered",
    "covered_if_shown",
    "detected",
    "bias",
    "bias_error",
    "median_width",
    "code",
    "version",
]


def summarise(answers: pd.DataFrame, *, code: str, version: str) -> pd.DataFrame:
    """Return one row per cell, measure, estimand and method (``COLUMNS``).

    ``published`` + ``cannot_say`` + ``refused`` = ``replications``. ``covered`` and ``detected``
    are of the published intervals, ``covered_if_shown`` also of those that the product withholds;
    ``bias`` is the mean error of published estimates, ``bias_error`` its Monte-Carlo standard
    error, ``median_width`` that of published intervals (missing for a test without one).
    """
    rows = []
    for keys, group in answers.groupby(KEYS, sort=False):
        shown = group[group["state"] == "published"]
        error = (shown["estimate"] - shown["truth"]).dropna()
        width = (shown["high"] - shown["low"]).dropna()
        rows.append(
            dict(zip(KEYS, keys, strict=True))
            | {
                "replications": len(group),
                "published": len(shown),
                "cannot_say": int((group["state"] == "cannot say").sum()),
                "refused": int((group["state"] == "refused").sum()),
                "covered": int(shown["covered"].sum()),
                "covered_if_shown": int(group["covered"].sum()),
                "detected": int(shown["detected"].sum()),
                "bias": _rounded(error.mean()) if len(error) else math.nan,
                "bias_error": _rounded(error.std() / math.sqrt(len(error)))
                if len(error) > 1
                else math.nan,
                "median_width": _rounded(width.median()) if len(width) else math.nan,
                "code": code,
                "version": version,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def _rounded(value: float) -> float:
    return float(f"{value:.5g}")


def read(path: Path) -> pd.DataFrame:
    """Read results as `write` left them."""
    return pd.read_csv(path, dtype={"code": str, "version": str})


def write(results: pd.DataFrame, path: Path) -> None:
    """Write results as CSV, complete or not at all."""
    unfinished = path.with_suffix(".part")
    results.to_csv(unfinished, index=False, lineterminator="\n")
    unfinished.replace(path)


def judge(results: pd.DataFrame) -> pd.DataFrame:
    """Add role, coverage with its 99 % Monte-Carlo interval, shares, and the verdict of each row.

    A row fails when its coverage lies outside the band by more than Monte-Carlo error: the exact
    binomial p value against the nearer end of the band, Holm's correction over all rows of the
    same role. ``within error``: outside the band, but not by more than that. Rows that stand
    beside a headline have promised nothing and are not judged.
    """
    table = results.copy()
    table["role"] = [
        role(cell_by_id(row["cell"]), row["measure"], row["estimand"], row["method"])
        for row in table.to_dict("records")
    ]
    shown = table["published"].to_numpy()
    table["coverage"] = table["covered"] / table["published"].where(shown > 0)
    bounds = [_wilson(held, n) for held, n in zip(table["covered"], shown, strict=True)]
    table["coverage_low"] = [low for low, _ in bounds]
    table["coverage_high"] = [high for _, high in bounds]
    made = table["published"] + table["cannot_say"]
    table["coverage_if_shown"] = table["covered_if_shown"] / made.where(made > 0)
    table["power"] = table["detected"] / table["replications"]
    table["withheld"] = 1 - table["published"] / table["replications"]
    table["p_value"] = [
        _outside(int(held), int(n)) for held, n in zip(table["covered"], shown, strict=True)
    ]
    table["verdict"] = "not judged"
    for family in ("headline", "alternative", "secondary"):
        rows = table.index[(table["role"] == family) & (table["published"] > 0)]
        failed = _holm(table.loc[rows, "p_value"].to_numpy(float))
        found = table.loc[rows, "coverage"].to_numpy(float)
        inside = (found >= BAND[0]) & (found <= BAND[1])
        table.loc[rows, "verdict"] = np.select(
            [inside, ~failed, found < NOMINAL],
            ["holds", "within error", "too narrow"],
            default="too wide",
        )
        silent = (table["role"] == family) & (table["published"] == 0)
        table.loc[silent, "verdict"] = "never given"
    return table


def _wilson(held: int, n: int) -> tuple[float, float]:
    if n == 0:
        return math.nan, math.nan
    found = stats.binomtest(int(held), int(n)).proportion_ci(1 - ERROR, method="wilson")
    return float(found.low), float(found.high)


def _outside(held: int, n: int) -> float:
    """Two-sided p value of the hypothesis that coverage lies inside the band."""
    if n == 0:
        return math.nan
    below, above = stats.binom.cdf(held, n, BAND[0]), stats.binom.sf(held - 1, n, BAND[1])
    return float(min(1.0, 2 * min(below, above)))


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Return which hypotheses are rejected at ``ERROR``, all together (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    allowed = ERROR / (len(p_values) - np.arange(len(p_values)))
    passed = np.cumprod(p_values[order] <= allowed).astype(bool)
    rejected = np.zeros(len(p_values), dtype=bool)
    rejected[order] = passed
    return rejected


def cell_verdicts(judged: pd.DataFrame, cells: tuple[Cell, ...]) -> pd.DataFrame:
    """Return ``cell, verdict``: passed, failed, or cannot say by design."""
    rows = []
    for cell in cells:
        own = judged[(judged["cell"] == cell.id) & (judged["role"] == "headline")]
        given = own[own["published"] > 0]
        if given.empty:
            verdict = "cannot say"
        else:
            verdict = "failed" if given["verdict"].isin(FAILED).any() else "passed"
        rows.append({"cell": cell.id, "verdict": verdict})
    return pd.DataFrame(rows)
