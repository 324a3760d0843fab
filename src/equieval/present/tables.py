"""Tables as semantic HTML and as CSV."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from html import escape
from typing import Any

import pandas as pd

from equieval.errors import InputError
from equieval.present import numbers
from equieval.present.artefact import Column, Table, plain_frame
from equieval.present.origins import estimate_anchor, origin_address
from equieval.present.periods import period_label
from equieval.protocol import INDICATORS

# Shorthand of the Government Analysis Function for cells without a number.
MARKERS: dict[str, str] = {
    "[x]": "not available",
    "[c]": "suppressed to protect confidentiality",
    "[z]": "not applicable",
    "[u]": "low reliability, based on few events",
    "*": "suppressed to protect confidentiality",
}
_BESIDE = ("[u]",)


def to_html(table: Table, artefact_id: str, number: int, *, traced: bool = False) -> str:
    """Return a table as HTML: caption, scoped headers, units, and a region that scrolls.

    Missing cells read ``[x]`` with "not available" as its expansion, or the ``mark`` of their
    row where the data have that column; a rate of few events has ``[u]`` beside it. Every
    marker in use is explained under the table. Quarto leaves the table as it is.

    Parameters
    ----------
    artefact_id : the table's id on the page becomes ``tbl-<artefact_id>``.
    number : its number on the page.
    traced : link the first number of each row of estimates (columns ``id`` and ``estimate``) to
        its row on the report's page of origins.
    """
    name = f"tbl-{_attribute(artefact_id)}"
    header_key = table.row_header or table.columns[0].key
    digits = {column.key: _decimals(table.data, column) for column in table.columns}
    used: dict[str, str] = {}
    bodies: list[list[str]] = [[]]
    stacked = _stacked(table)
    role = _ROLES if stacked else _NO_ROLES
    linked = _linked_column(table) if traced else ""
    over = None
    for record in table.data.to_dict("records"):
        if table.grouped_by and record[table.grouped_by] != over:
            over = record[table.grouped_by]
            if bodies[-1]:
                bodies.append([])
            bodies[-1].append(
                f'<tr{role["row"]}><th scope="rowgroup" colspan="{len(table.columns)}"'
                f"{role['rowheader']}>{_text(over)}</th></tr>"
            )
        cells = []
        for column in table.columns:
            shown = _cell(record, column, digits[column.key], used)
            if column.key == linked and not numbers.is_missing(record["id"]):
                shown = _traced(shown, str(record["id"]))
            kind = ' class="numeric"' if column.numeric else ""
            label = _cell_label(column) if stacked else ""
            cells.append(
                f'<th scope="row"{kind}{role["rowheader"]}>{shown}</th>'
                if column.key == header_key
                else f"<td{kind}{role['cell']}>{label}{shown}</td>"
            )
        bodies[-1].append(f"<tr{role['row']}>{''.join(cells)}</tr>")
    heads = "".join(_head(column, role["columnheader"]) for column in table.columns)
    notes = [_text(table.note)] if table.note else []
    notes += [f"{_text(mark)} {_text(meaning)}." for mark, meaning in used.items()]
    note = f'<p class="table-note">{" ".join(notes)}</p>\n' if notes else ""
    body = "".join(
        "\n".join([f"<tbody{role['rowgroup']}>", *rows, "</tbody>\n"]) for rows in bodies
    )
    return (
        f'<div class="table-scroll" role="region" tabindex="0" aria-labelledby="{name}-caption">\n'
        f'<table id="{name}" class="artefact{" stack" if stacked else ""}"{role["table"]} '
        'data-quarto-disable-processing="true">\n'
        f'<caption id="{name}-caption"><span class="artefact-number">Table {number}.</span> '
        f'<span class="artefact-title">{_text(table.caption)}</span></caption>\n'
        f"<thead{role['rowgroup']}>\n<tr{role['row']}>{heads}</tr>\n</thead>\n"
        f"{body}</table>\n</div>\n{note}"
    )


_NAMES = ("table", "rowgroup", "row", "columnheader", "rowheader", "cell")
_ROLES = {name: f' role="{name}"' for name in _NAMES}
_NO_ROLES = dict.fromkeys(_NAMES, "")


def _stacked(table: Table) -> bool:
    """Whether a row becomes a block on a phone: sentences in three columns or more."""
    return len(table.columns) > 2 and not any(column.numeric for column in table.columns)


def _linked_column(table: Table) -> str:
    """Return the column whose cells lead to their estimates: the first one with numbers."""
    if not estimate_ids(table.data):
        return ""
    return next((column.key for column in table.columns if column.numeric), "")


def _traced(shown: str, estimate_id: str) -> str:
    address = escape(origin_address(estimate_anchor(estimate_id)))
    return f'<a class="origin-number" href="{address}">{shown}</a>'


def estimate_ids(data: pd.DataFrame) -> list[str]:
    """Return the ids of the estimates that a frame holds.

    They stand in ``id`` beside ``estimate``, and in ``<name>_id`` beside another column ``<name>``.
    """
    names = [name for name in data.columns if str(name).removesuffix("_id") in data.columns]
    keys = [name for name in names if str(name).endswith("_id")]
    keys += ["id"] if {"id", "estimate"} <= set(data.columns) else []
    return sorted({str(key) for name in keys for key in data[name].dropna()} - {""})


def observed_indicators(data: pd.DataFrame) -> list[str]:
    """Return the indicators whose observed figures a frame shows: column ``indicator``.

    The column has the ids of the catalogue, or the names where a reader sees it.
    """
    if "indicator" not in data.columns:
        return []
    ids = {known.name: known.id for known in INDICATORS.values()} | {id: id for id in INDICATORS}
    return sorted({ids[name] for name in data["indicator"].dropna().astype(str) if name in ids})


def to_csv(table: Table) -> str:
    """Return the data behind a table as CSV: every column, at full precision."""
    return frame_to_csv(table.data)


def frame_to_csv(data: pd.DataFrame) -> str:
    """Return a frame as CSV with Unix line ends; missing cells are empty, never zero."""
    plain = plain_frame(data)
    for name in plain.columns:
        values = plain[name]
        # A missing cell turns counts into decimals; whole numbers are written whole.
        if values.dtype.kind == "f" and (values.dropna() % 1 == 0).all():
            plain[name] = values.astype("Int64")
    return plain.to_csv(index=False, lineterminator="\n")


def _cell_label(column: Column) -> str:
    return f'<span class="cell-label" aria-hidden="true">{_text(column.label)}: </span>'


def _head(column: Column, role: str) -> str:
    kind = ' class="numeric"' if column.numeric else ""
    unit = f' <span class="unit">{_text(column.unit)}</span>' if column.unit else ""
    return f'<th scope="col"{kind}{role}>{_text(column.label)}{unit}</th>'


def _decimals(data: pd.DataFrame, column: Column) -> int | None:
    """One number of decimals for the whole column, from the median size of its numbers."""
    if column.decimals is not None or column.format in ("text", "count", "df", "period"):
        return column.decimals
    if column.format == "ratio":
        return 2
    if column.format == "percent":
        return 0
    names = [name for name in (column.key, column.upper) if name]
    sizes = pd.concat([pd.to_numeric(data[name], errors="coerce").abs() for name in names])
    known = sizes[sizes.notna() & (sizes > 0)]
    return numbers.decimals_for(float(known.median())) if not known.empty else 2


def _cell(
    record: Mapping[Hashable, Any], column: Column, decimals: int | None, used: dict[str, str]
) -> str:
    """One cell as HTML; markers that it needs are added to ``used``."""
    value = record[column.key]
    if isinstance(value, str) and value in MARKERS:
        return _marker(value, used)
    mark = str(record.get("mark") or "")
    if column.by_row:
        decimals = max(2, numbers.decimals_for(record[column.by_row]))
    if column.format == "df":
        return _degrees_of_freedom(record, column, used)
    if column.format.endswith("interval"):
        upper = record[column.upper]
        if numbers.is_missing(value) or numbers.is_missing(upper):
            return _marker(_instead(mark), used)
        signed = column.format == "change-interval"
        return _text(numbers.interval(value, upper, decimals, signed=signed))
    if _absent(value, column):
        return _marker(_instead(mark), used)
    shown = _text(_formatted(value, column, decimals))
    if mark in _BESIDE and column.format == "rate":
        return f"{shown} {_marker(mark, used)}"
    return shown


def _degrees_of_freedom(
    record: Mapping[Hashable, Any], column: Column, used: dict[str, str]
) -> str:
    """Degrees of freedom belong to an interval; one that rests on draws or ranks has none."""
    value, ends = record[column.key], [record.get(name, 0.0) for name in ("ci_low", "ci_high")]
    if any(map(numbers.is_missing, ends)):
        return _marker("[x]", used)
    if _absent(value, column):
        return _marker("[z]", used)
    return _text(numbers.degrees_of_freedom(value))


def _instead(mark: str) -> str:
    """Return what stands in place of a missing value, by the mark of its row."""
    return mark if mark in MARKERS and mark not in _BESIDE else "[x]"


def _absent(value: object, column: Column) -> bool:
    if value == "":
        return True
    unbounded = column.format == "df" and value == float("inf")
    return numbers.is_missing(value) and not unbounded


def _formatted(value: object, column: Column, decimals: int | None) -> str:
    if column.format == "text":
        return str(value)
    if column.format == "period":
        return period_label(value)
    if isinstance(value, str):
        raise InputError(
            f"'{value}' stands where a number is shown",
            where=f"column '{column.key}'",
            remedy="use format='text', or one of the markers " + ", ".join(MARKERS),
        )
    match column.format:
        case "count":
            return numbers.number(value, decimals or 0)
        case "change":
            return numbers.change(value, decimals)
        case "percent":
            return numbers.percent(value, decimals or 0)
        case _:
            return numbers.number(value, decimals)


def _marker(mark: str, used: dict[str, str]) -> str:
    used[mark] = MARKERS[mark]
    return f'<abbr title="{_attribute(MARKERS[mark])}">{_text(mark)}</abbr>'


def _text(words: object) -> str:
    """Escape for HTML; braces too, which Quarto would read as a shortcode."""
    return escape(str(words), quote=False).replace("{{", "&#123;&#123;")


def _attribute(words: object) -> str:
    return escape(str(words), quote=True).replace("{{", "&#123;&#123;")
