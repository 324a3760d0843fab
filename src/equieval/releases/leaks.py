"""Leak surfaces: what each kind of file can carry besides what it shows.

Every file of a release is read byte by byte, whatever made it. A table's counts must be such as
the profile can show; no number anywhere may be one that only exact counts give; nothing may sit
in metadata, statistics, comments or attachments.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from equieval.disclosure import PROFILES
from equieval.disclosure.columns import count_columns
from equieval.disclosure.suppression import CountRule
from equieval.errors import DataError
from equieval.releases.layout import REPORTS
from equieval.releases.private import Private, ten_digits

_LONG_NUMBER = re.compile(r"(?<![\w.])\d+\.\d{6,}(?:[eE][-+]?\d+)?")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)|&lt;ipython-input|<ipython-input")
_EMBEDDED = re.compile(r"\bdata:(?!image/svg\+xml)[\w/+.-]+;base64,", re.IGNORECASE)
_READABLE = frozenset(
    {"html", "htm", "css", "js", "json", "csv", "svg", "png", "parquet", "ipynb", "yaml", "yml"}
    | {"xml", "txt", "md", "lock", "map", "lua", "j2", "ico", "woff2", "webmanifest", "cff"}
)
_SEARCH_INDEX = frozenset({"pf_fragment", "pf_index", "pf_meta", "pf_filter", "pagefind"})
_SEARCH_MAGIC, _PROGRAM = b"pagefind_dcd", b"\0asm"
_LARGEST_INDEX = 50 * 1024 * 1024
_WORD_OF_DIGITS = re.compile(r"(?<!\d)\d{9,}(?!\d)")
_NOTEBOOK_KEYS = frozenset({"kernelspec", "language_info"})
_CELL_KEYS = frozenset({"tags"})
_OPEN_ROOMS = ("equieval.study", "equieval.present")
_CLOSED_NAMES = frozenset(
    {"open", "exec", "eval", "compile", "__import__", "globals", "vars", "getattr"}
    | {"load_observations", "safeguarded", "safeguard"}
)


def leaks_in(name: str, content: bytes, private: Private) -> Iterator[str]:
    """Yield everything in a file that gives away more than the profile allows.

    Parameters
    ----------
    name : path; its suffix says how to read the content.
    content : the bytes that would be published.
    private : what must not be told.
    """
    suffix = name.rpartition(".")[2].lower()
    if suffix in _SEARCH_INDEX:
        yield from _index_leaks(content, private)
        return
    if suffix not in _READABLE:
        yield "files of this kind cannot be checked, so they are not published"
        return
    if suffix in ("png", "ico", "woff2"):
        return
    if suffix == "parquet":
        yield from _parquet_leaks(content, private)
        return
    text = content.decode("utf-8", errors="replace")
    yield from _text_leaks(text, private)
    readers: Mapping[str, Callable[[str, CountRule], Iterator[str]]] = {
        "csv": _csv_leaks,
        "json": _json_leaks,
        "svg": _markup_leaks,
        "html": _markup_leaks,
        "ipynb": _notebook_leaks,
    }
    if suffix in readers:
        yield from readers[suffix](text, private.profile.counting)


def site_leaks(name: str, content: bytes, privates: Mapping[str, Private]) -> Iterator[str]:
    """Yield everything in a file of a built site that gives away more than a profile allows.

    Parameters
    ----------
    name : path inside the site. A version's file (``reports/<id>/…``) is judged in full by the
        profile of its evaluation; what is about several (the search index, cards, lists of
        versions) is searched for the rates that only exact counts of any of them give.
    content : the bytes that would be published.
    privates : evaluation → what must not be told of it, of those whose profile protects counts.
    """
    folder, _, rest = name.partition("/")
    own = rest.partition("/")[0] if folder == REPORTS else ""
    if own in privates:
        yield from leaks_in(name, content, privates[own])
        return
    indexed = name.rpartition(".")[2].lower() in _SEARCH_INDEX
    text = content.decode("utf-8", errors="replace")
    for private in privates.values():
        yield from _index_leaks(content, private) if indexed else _text_leaks(text, private)


def _text_leaks(text: str, private: Private) -> Iterator[str]:
    for found in _LONG_NUMBER.finditer(text):
        if ten_digits(float(found.group())) in private.telling:
            yield "it holds a rate that only exact counts give"
            break
    if _TRACEBACK.search(text):
        yield "it holds a traceback"


def _index_leaks(content: bytes, private: Private) -> Iterator[str]:
    """Read a part of a Pagefind index: gzip, its mark, then JSON (fragments) or CBOR (words).

    Words are indexed without their points: 3.4567890123 is there as 34567890123.
    """
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(_LARGEST_INDEX + 1)
    except (OSError, EOFError, zlib.error):
        unpacked = b""
    if not unpacked.startswith(_SEARCH_MAGIC) or len(unpacked) > _LARGEST_INDEX:
        yield "it is no part of a search index that can be read"
        return
    body = unpacked.removeprefix(_SEARCH_MAGIC)
    if body.startswith(_PROGRAM):
        return  # the search program itself, the same for all
    text = body.decode("utf-8", errors="replace")
    yield from _text_leaks(text, private)
    for found in _WORD_OF_DIGITS.finditer(text):
        digits = found.group().lstrip("0")
        if digits and ten_digits(float(digits)).partition("e")[0] in private.telling_digits:
            yield "it holds the digits of a rate that only exact counts give"
            break


def source_leaks(notebook: Mapping[str, Any]) -> Iterator[tuple[int, str]]:
    """Yield (cell, message) for code of a page that could reach exact counts.

    Pages import the rooms `study` and `present` and read nothing themselves: all their numbers
    then come from protected counts.
    """
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell["cell_type"] != "code":
            continue
        try:
            tree = ast.parse("".join(cell["source"]))
        except SyntaxError:
            yield number, "its code cannot be read (IPython magic or shell commands)"
            continue
        tags = set(cell["metadata"].get("tags", ()))
        if tags & {"parameters", "injected-parameters"}:
            if not all(_is_parameter(statement) for statement in tree.body):
                yield number, "its parameters cell does more than name values"
            continue
        for node in ast.walk(tree):
            message = _reaching(node)
            if message:
                yield number, message
                break


def _is_parameter(statement: ast.stmt) -> bool:
    """Whether a statement names a plain value, or says something in a string."""
    if not isinstance(statement, ast.Assign | ast.Expr):
        return False
    try:
        ast.literal_eval(statement.value)
    except ValueError:
        return False
    return True


def _reaching(node: ast.AST) -> str:
    if isinstance(node, ast.Constant) and node.value in PROFILES:
        return f"it names the profile '{node.value}'; only the parameters choose one"
    if isinstance(node, ast.Name) and node.id == "disclosure" and isinstance(node.ctx, ast.Store):
        return "it replaces the disclosure block of the parameters"
    if isinstance(node, ast.Subscript | ast.Attribute) and _is_disclosure(node.value):
        return "it reaches into the disclosure block of the parameters"
    modules: list[str] = []
    if isinstance(node, ast.Import):
        modules = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        own = node.module == "equieval"
        modules = [f"equieval.{a.name}" for a in node.names] if own else [node.module or "."]
    for module in modules:
        if not any(module == room or module.startswith(f"{room}.") for room in _OPEN_ROOMS):
            return f"it imports {module}; pages use equieval.study and equieval.present only"
    if isinstance(node, ast.ImportFrom | ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [str(getattr(node, "id", getattr(node, "attr", "")))]
    for name in names:
        if name in _CLOSED_NAMES or (name != "_" and name.startswith(("read_", "_"))):
            return f"it uses {name}, which could reach what is not protected"
    return ""


def _is_disclosure(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "disclosure"


def _count_leaks(table: pd.DataFrame, rule: CountRule) -> Iterator[str]:
    for column in count_columns(table):
        try:
            possible = rule.can_show(table[column])
        except DataError as error:
            yield error.what
            continue
        if not possible.all():
            row = int((~possible).argmax()) + 1
            yield f"the column '{column}' holds a count that was not protected (row {row})"


def _csv_leaks(text: str, rule: CountRule) -> Iterator[str]:
    try:
        table = pd.read_csv(io.StringIO(text))
    except (ValueError, pd.errors.ParserError):
        yield "it is no table that can be read"
        return
    yield from _count_leaks(table, rule)


def _json_leaks(text: str, rule: CountRule) -> Iterator[str]:
    try:
        record = json.loads(text)
    except ValueError:
        yield "it is no JSON"
        return
    rows = record.get("numbers") if isinstance(record, dict) else None
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        yield from _count_leaks(pd.DataFrame(rows), rule)


def _markup_leaks(text: str, rule: CountRule) -> Iterator[str]:
    del rule  # pages and pictures have no columns
    for comment in _COMMENT.finditer(text):
        if re.search(r"\d", comment.group(1)):
            yield f"a comment holds numbers (“{' '.join(comment.group(1).split())[:40]}”)"
            break
    if _EMBEDDED.search(text):
        yield "it embeds another file"
    if re.search(r"<(?:desc|metadata)\b[^>]*>[^<]*\d", text):
        yield "its metadata holds numbers"


def _notebook_leaks(text: str, rule: CountRule) -> Iterator[str]:
    del rule  # what outputs may show is for the allow-list
    try:
        notebook = json.loads(text)
        cells = list(notebook["cells"])
        foreign = sorted(notebook["metadata"].keys() - _NOTEBOOK_KEYS)
        marked = sorted({key for cell in cells for key in cell["metadata"].keys() - _CELL_KEYS})
    except (ValueError, KeyError, TypeError, AttributeError):
        yield "it is no notebook"
        return
    if foreign:
        yield f"its metadata holds “{foreign[0]}”"
    if marked:
        yield f"the metadata of a cell hold “{marked[0]}”"
    if any(cell.get("attachments") for cell in cells):
        yield "a file is attached to a cell"


def _parquet_leaks(content: bytes, private: Private) -> Iterator[str]:
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        table = file.read()
    except (pa.ArrowInvalid, OSError):
        yield "it is no Parquet table"
        return
    if file.schema_arrow.metadata or any(field.metadata for field in file.schema_arrow):
        yield "its metadata holds more than names and types"
    yield from _statistics_leaks(file, table)
    frame = table.to_pandas()
    yield from _count_leaks(frame, private.profile.counting)
    for column in frame.select_dtypes("number").columns:
        if any(ten_digits(float(v)) in private.telling for v in frame[column].dropna()):
            yield f"the column '{column}' holds a rate that only exact counts give"


def _statistics_leaks(file: pq.ParquetFile, table: pa.Table) -> Iterator[str]:
    """Statistics are written beside the values and need not be theirs."""
    start = 0
    for group in range(file.metadata.num_row_groups):
        facts = file.metadata.row_group(group)
        rows = table.slice(start, facts.num_rows)
        start += facts.num_rows
        for place in range(facts.num_columns):
            column = facts.column(place)
            statistics = column.statistics
            if statistics is None or not statistics.has_min_max:
                continue
            values = rows.column(place).drop_null().to_pylist()
            if not values or (statistics.min, statistics.max) != (min(values), max(values)):
                yield f"the statistics of '{column.path_in_schema}' are not those of its values"
