"""The page of a report that says what changed since the version before it.

Made from ``changes.json`` alone. Like every page of a version it is a notebook, of words only, so
that either renderer makes it as it makes the others.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from equieval.present.numbers import change, number
from equieval.releases.attribution import ATTRIBUTION_COLUMNS
from equieval.releases.layout import CHANGE_PAGE
from equieval.releases.notebooks import notebook_bytes
from equieval.releases.renderer import ReleasePage

PAGE = ReleasePage(CHANGE_PAGE, "What changed")
_KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
_LONGEST = 160
_OF_THE_VERSION = ("release.",)  # what a version says of itself: label, notes, approvers
_ATTRIBUTED = ATTRIBUTION_COLUMNS[1:]


def has_change_page(record: Mapping[str, Any]) -> bool:
    """Whether a version has this page: every version but the first."""
    return not record["new"]


def change_page_notebook(record: Mapping[str, Any]) -> bytes:
    """Return the page as a notebook: front matter, then its words."""
    matter = yaml.safe_dump({"title": PAGE.title}, allow_unicode=True)
    cells = [
        {"cell_type": "raw", "id": "front-matter", "metadata": {}, "source": f"---\n{matter}---"},
        {
            "cell_type": "markdown",
            "id": "changes",
            "metadata": {},
            "source": change_page_markdown(record),
        },
    ]
    return notebook_bytes(cells, {"kernelspec": _KERNEL})


def change_page_markdown(record: Mapping[str, Any]) -> str:
    """Return the words of the page as Pandoc Markdown.

    Parameters
    ----------
    record : the content of ``changes.json`` of a version that is not the first.
    """
    earlier = f"v{record['previous']}"
    parts = [_summary(record, earlier)]
    if record["notes"]:
        parts.append(f"The authors say: {_text(record['notes'])}")
    if record.get("previous_withdrawn"):
        return "\n\n".join(parts) + "\n"
    primary = [row for row in record["compared"] if row["role"] == "primary"]
    if primary:
        parts += ["## The main estimates", _changed(primary, f"Main estimates since {earlier}")]
    parts += _attribution(record.get("attribution"))
    parts += _causes(record, earlier)
    parts += _estimates(record["compared"], earlier)
    return "\n\n".join(parts) + "\n"


def _summary(record: Mapping[str, Any], earlier: str) -> str:
    if record.get("previous_withdrawn"):
        return (
            f"Version {earlier}, the one before this, was withdrawn. Its numbers are gone, so "
            "nothing is compared with them."
        )
    counts = record["estimates"]
    total = sum(counts.values())
    moved = {
        "data": record["data"],
        "parameters": _deciding(record),
        "code": record["code"],
        "package versions": record["environment"],
    }
    names = [name for name, found in moved.items() if found]
    what = _series(names) if names else "none of data, parameters, code and package versions"
    return (
        f"Against version {earlier}, {counts['changed']} of {total} estimates changed, "
        f"{counts['added']} are new, {counts['removed']} are gone and {counts['same']} are the "
        f"same to the last digit. What changed underneath: {what}."
    )


def _causes(record: Mapping[str, Any], earlier: str) -> list[str]:
    parts = []
    if record["data"]:
        rows = [(_code(source), kind) for source, kind in record["data"].items()]
        parts += ["## Data", _table(("Source", "What happened"), rows, f"Data since {earlier}")]
    if _deciding(record):
        changed = [
            (_code(p["key"]), _value(p["before"]), _value(p["after"])) for p in _deciding(record)
        ]
        heads = ("Parameter", "Before", "Now")
        parts += ["## Parameters", _table(heads, changed, f"Parameters since {earlier}")]
    if record["code"]:
        files = [(_code(name), kind) for name, kind in record["code"].items()]
        parts += ["## Code", _table(("File", "What happened"), files, f"Code since {earlier}")]
    if record["environment"]:
        pins = [
            (_code(name), was or "not there", now or "not there")
            for name, (was, now) in record["environment"].items()
        ]
        heads = ("Package", "Before", "Now")
        parts += ["## Package versions", _table(heads, pins, f"Packages since {earlier}")]
    return parts


def _deciding(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parameters that changed, without what a version says of itself."""
    return [p for p in record["parameters"] if not p["key"].startswith(_OF_THE_VERSION)]


def _estimates(compared: Sequence[Mapping[str, Any]], earlier: str) -> list[str]:
    if not compared:
        return []
    by_kind = {
        kind: [row for row in compared if row["change"] == kind]
        for kind in ("changed", "added", "removed")
    }
    parts = [
        "## All estimates that changed",
        "Each estimate with its interval, in its own unit. Estimates that are the same to the last "
        "digit are left out.",
    ]
    if by_kind["changed"]:
        parts.append(_changed(by_kind["changed"], f"Estimates that changed since {earlier}"))
    for kind, side, head in (("added", "after", "New"), ("removed", "before", "Gone")):
        if by_kind[kind]:
            rows = [(_code(row["id"]), _interval(row, side)) for row in by_kind[kind]]
            heads = ("Estimate", "Now" if side == "after" else "Before")
            caption = f"{head} estimates since {earlier}"
            parts += [f"### {head}", _table(heads, rows, caption, numbers=1)]
    return parts


def _changed(compared: Iterable[Mapping[str, Any]], caption: str) -> str:
    rows = [
        (
            _code(row["id"]),
            _interval(row, "before"),
            _interval(row, "after"),
            "" if row["difference"] is None else change(row["difference"]),
        )
        for row in compared
    ]
    return _table(("Estimate", "Before", "Now", "Difference"), rows, caption, numbers=3)


def _attribution(found: Mapping[str, Any] | None) -> list[str]:
    if found is None or not found["changed"]:
        return []
    if found["reruns"]:
        how = (
            f"Found by {found['reruns']} reruns: the earlier version, the later one, and the "
            "earlier one with one thing of the later at a time. What the things alone do not add "
            "up to is their interaction; what two reruns in one environment do not show is put "
            "down to the environment."
        )
    elif found["unknown"]:
        how = "This could not be found out: the versions cannot be rerun here."
    else:
        how = f"Only one thing changed, so every difference comes from it: {found['changed'][0]}."
    parts = ["## What moved the numbers", how]
    if found["unknown"]:
        parts.append("\n".join(f"- {_text(words)}" for words in found["unknown"]))
    if not found["reruns"]:
        return parts
    moved = [row for row in found["estimates"] if row["difference"]]
    told = {_ATTRIBUTED[0], *found["changed"]}
    names = [n for n in _ATTRIBUTED if n in told or any(row[n] != 0 for row in moved)]
    rows = [(_code(row["id"]), *(_signed(row[name]) for name in names)) for row in moved]
    heads = ("Estimate", *(name.capitalize() for name in names))
    table = _table(heads, rows, "Differences by what made them", numbers=len(names))
    return [*parts, table] if rows else parts


def _interval(row: Mapping[str, Any], side: str) -> str:
    estimate, low, high = (row[f"{name}_{side}"] for name in ("estimate", "ci_low", "ci_high"))
    if estimate is None:
        return "no estimate"
    if low is None or high is None:
        return number(estimate)
    return f"{number(estimate)} ({number(low)} to {number(high)})"


def _signed(value: float | None) -> str:
    return "not known" if value is None else change(value)


def _table(
    heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str, *, numbers: int = 0
) -> str:
    """Return a pipe table; its last ``numbers`` columns are aligned right."""
    words = len(heads) - numbers
    rule = "|".join(["", *[":---"] * words, *["---:"] * numbers, ""])
    lines = [f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, "", f": {caption}"])


def _series(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _value(value: object) -> str:
    return "not given" if value is None else _code(json.dumps(value, ensure_ascii=False))


def _code(text: object) -> str:
    """Return text as a code span, which nothing in it can end or turn into markup."""
    plain = " ".join(str(text).split()).replace("`", "'").replace("|", "\\|")
    plain = plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"
    return f"`{plain.replace('{{', '{ {')}`"


def _text(text: object) -> str:
    """Return text with everything escaped that Markdown would read as markup."""
    plain = " ".join(str(text).split())
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>#|$@^~" else c for c in plain)
