"""The page "Can you trust the intervals?", written from the table of results alone."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pandas as pd

from equieval.present import figures, tables
from equieval.present.artefact import Table
from intervals import answer, figure, reasons, results
from intervals.grid import GRID, REPLICATIONS, Cell, cell_by_id
from intervals.page_tables import cells_table, full_table
from intervals.words import METHODS, family

NAME: Final = "can-you-trust-the-intervals"
_TEMPLATE: Final = Path(__file__).with_name("page.md")


def results_path(root: Path) -> Path:
    """Return where the table of results lies in the project ``root``."""
    return root / "guide" / f"{NAME}.csv"


def write(root: Path) -> list[Path]:
    """Write the page and its figures below ``root`` from its results; return what was written."""
    written = []
    for name, content in contents(results.read(results_path(root))).items():
        path = root / "guide" / name
        path.write_bytes(content)
        written.append(path)
    return written


def contents(table: pd.DataFrame) -> dict[str, bytes]:
    """Return the page and its figures as files: the same results give the same bytes."""
    judged = results.judge(table)
    judged["label"] = [cell_by_id(cell).label for cell in judged["cell"]]
    judged["family"] = [family(cell_by_id(cell)) for cell in judged["cell"]]
    present = set(judged["cell"])
    cells = tuple(cell for cell in GRID if cell.id in present)
    verdicts = results.cell_verdicts(judged, cells)
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, words in _pieces(judged, cells, verdicts).items():
        text = text.replace(f"[[{name}]]", words)
    files = {f"{NAME}.qmd": text.encode()}
    for name, drawn in _figures(judged).items():
        files[f"{NAME}-{name}.svg"] = figures.svg_bytes(drawn)
    return files


def _figures(judged: pd.DataFrame) -> dict[str, figure.Figure]:
    families = dict(zip(judged["cell"], judged["family"], strict=True))
    rates = judged["family"] == "Series of a rate"
    series = judged["family"].str.startswith("Series")
    kinds = figure.marks(["Level change", "Slope change", "Effect at the end", "Cumulative effect"])
    rows = judged[judged["role"] == "headline"]
    by_estimand = rows.assign(kind=rows["estimand"].str.split(",").str[0].str.capitalize())
    measures = figure.marks(list(dict.fromkeys(_SHORT.values())))
    shown = rows.assign(kind=[_SHORT[name] for name in rows["measure"]])
    level = judged[
        (judged["estimand"] == "level change")
        & (judged["measure"] == "rate")
        & judged["method"].isin(["reml-satterthwaite", "reml-kenward-roger"])
    ]
    level = level.assign(kind=[METHODS[name] for name in level["method"]])
    pair = figure.marks([METHODS["reml-satterthwaite"], METHODS["reml-kenward-roger"]])
    return {
        "series": figure.coverage(
            by_estimand[rates.reindex(rows.index)], kind="kind", kinds=kinds, families=families
        ),
        "counts": figure.coverage(
            by_estimand[(series & ~rates).reindex(rows.index)],
            kind="kind",
            kinds=kinds,
            families=families,
        ),
        "units": figure.coverage(
            shown[~series.reindex(rows.index)], kind="kind", kinds=measures, families=families
        ),
        "level": figure.coverage(level, kind="kind", kinds=pair, families=families),
    }


_NOT_RATES: Final = ("Series of counts", "Series of an inequality index")
_SHORT: Final = {"rate": "Rate", "gap": "Gap", "sii": "Slope index", "count": "Rate"}


def _pieces(
    judged: pd.DataFrame, cells: tuple[Cell, ...], verdicts: pd.DataFrame
) -> dict[str, str]:
    number = verdicts["verdict"].value_counts().to_dict()
    rows = judged[judged["role"] == "headline"]
    made = rows["replications"]
    least, most = int(made.min()), int(made.max())
    count = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    fewer = rows[rows["replications"] < REPLICATIONS]["cell"].nunique()
    unfinished = (
        f" The plan is {REPLICATIONS:,}; {fewer} cells have fewer so far, and their Monte-Carlo "
        "error is the wider for it."
        if fewer
        else ""
    )
    promises = answer.by_promise(judged)
    silent = [cell.label for cell in cells if cell.id in _silent(verdicts)]
    families = list(dict.fromkeys(judged["family"]))
    return {
        "cells": str(len(cells)),
        "passed": str(number.get("passed", 0)),
        "failed": str(number.get("failed", 0)),
        "silent": str(number.get("cannot say", 0)),
        "rows": str(len(rows)),
        "replications": count,
        "unfinished": unfinished,
        "version": str(judged["version"].iloc[0]),
        "code": str(judged["code"].iloc[0]),
        "failures": reasons.paragraphs(judged),
        "figure-series-alt": _alt(judged[judged["family"] == "Series of a rate"]),
        "figure-counts-alt": _alt(judged[judged["family"].isin(_NOT_RATES)]),
        "figure-units-alt": _alt(judged[~judged["family"].str.startswith("Series")]),
        "figure-level-alt": _level_alt(judged),
        "answer": answer.sentences(promises, silent),
        "table-answer": _html(answer.table(promises), "answer", 1),
        "table-cells": _html(cells_table(judged, cells, verdicts), "cells", 2),
        "tables": "\n\n".join(
            f"### {name}\n\n" + _folded(full_table(judged[judged["family"] == name], name), place)
            for place, name in enumerate(families, start=3)
        ),
        "alternative": _alternative(judged),
        "beside": answer.beside(judged),
        "secondary": answer.secondary(judged),
    }


def _html(table: Table, name: str, number: int) -> str:
    return "```{=html}\n" + tables.to_html(table, name, number).rstrip() + "\n```"


def _folded(table: Table, number: int) -> str:
    inside = tables.to_html(table, f"all-{number}", number).rstrip()
    summary = f"Show all {len(table.data)} intervals (Table {number})"
    return (
        "```{=html}\n<details>\n<summary>" + summary + "</summary>\n" + inside + "\n</details>\n```"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _alt(judged: pd.DataFrame) -> str:
    rows = judged[(judged["role"] == "headline") & (judged["published"] > 0)]
    failed = rows[rows["verdict"].isin(results.FAILED)]
    words = (
        f"Dot plot of coverage with Monte-Carlo error for {len(rows)} headline intervals in "
        f"{rows['cell'].nunique()} cells; {len(rows) - len(failed)} lie in the band from 93 to 97 "
        f"% or within error of it, {len(failed)} do not."
    )
    if failed.empty:
        return words
    worst = failed.loc[failed["coverage"].idxmin()]
    return (
        f"{words} The lowest is {_percent(worst['coverage'])}%: {worst['label']}, "
        f"{worst['estimand']}. All numbers are in the tables below."
    )


def _level_alt(judged: pd.DataFrame) -> str:
    words = []
    for method in ("reml-satterthwaite", "reml-kenward-roger"):
        rows = judged[
            (judged["method"] == method)
            & (judged["estimand"] == "level change")
            & (judged["measure"] == "rate")
            & (judged["published"] > 0)
        ]
        words.append(
            f"{METHODS[method]}: from {_percent(rows['coverage'].min())} to "
            f"{_percent(rows['coverage'].max())}%"
        )
    return f"Dot plot of the coverage of a level change by two methods. {'; '.join(words)}."


def _silent(verdicts: pd.DataFrame) -> set[str]:
    return set(verdicts.loc[verdicts["verdict"] == "cannot say", "cell"])


def _alternative(judged: pd.DataFrame) -> str:
    """What the alternative would do in the place of the headline, counted."""
    words = []
    for method, part in (("reml-satterthwaite", "headline"), ("reml-kenward-roger", "alternative")):
        rows = judged[
            (judged["method"] == method) & (judged["role"] == part) & (judged["published"] > 0)
        ]
        level = rows[rows["estimand"] == "level change"]
        failed = rows["verdict"].isin(results.FAILED)
        words.append(
            f"With {METHODS[method].split(', ')[1]}, {failed.sum()} of {len(rows)} intervals fail; "
            f"of the {len(level)} for a level change {failed[level.index].sum()} do, and their "
            f"coverage runs from {_percent(level['coverage'].min())} to "
            f"{_percent(level['coverage'].max())}%."
        )
    return " ".join(words)
