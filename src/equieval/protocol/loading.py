"""Reading a parameters file exactly as Papermill reads it, and knowing the line of every key.

Papermill parses with PyYAML's safe loader less the timestamps, so that dates stay text. The
same loader builds the tree of nodes first: it knows the lines, and what no evaluation needs
(keys given twice, aliases that grow or refer to themselves) is refused before values are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from equieval.protocol.fields import KeyPath, Problem

MAX_BYTES = 250_000
MAX_NODES = 50_000


class NoDatesLoader(yaml.SafeLoader):
    """PyYAML's safe loader without timestamps, as Papermill's ``NoDatesSafeLoader``."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the name and form that PyYAML looks up
        first: [entry for entry in resolvers if entry[0] != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


class UnreadableFileError(ValueError):
    """A parameters file that holds no blocks to validate.

    Attributes
    ----------
    what, remedy : what is wrong, and what to do.
    line : line in the file, counted from 1; 0 where there is none.
    """

    def __init__(self, what: str, remedy: str, line: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy
        self.line = line


@dataclass(frozen=True)
class Parsed:
    """A parameters file as plain values, with the line of every key and list item."""

    values: Mapping[str, object]
    lines: Mapping[KeyPath, int]
    problems: tuple[Problem, ...]

    def line(self, path: KeyPath) -> int:
        """Return the line of a path, or of the nearest thing above it that is written down."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1


def parse(text: str) -> Parsed:
    """Parse the text of a parameters file.

    Raises
    ------
    UnreadableFileError : it is no YAML, no mapping at the top, or grows beyond measure.
    """
    loader = _loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise UnreadableFileError(
                "the file is empty", "write an evaluation, or remove the file"
            )
        if not isinstance(node, yaml.MappingNode):
            raise UnreadableFileError(
                "the file holds no keys with values at its top",
                "begin with 'schema: 1' and the blocks of an evaluation",
                node.start_mark.line + 1,
            )
        _refuse_growth(node)
        lines: dict[KeyPath, int] = {}
        problems = tuple(_walk(node, (), lines))
        values = loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        raise _syntax(error) from None
    except RecursionError:
        raise UnreadableFileError(
            "the file is nested too deeply", "no evaluation needs more than a few levels"
        ) from None
    except ValueError as error:
        if isinstance(error, UnreadableFileError):
            raise
        raise UnreadableFileError(
            f"a number cannot be read: {_first_line(error)}", "put it in quotes if it is text"
        ) from None
    finally:
        loader.dispose()
    return Parsed(values, lines, problems)


def _loader(text: str) -> NoDatesLoader:
    try:
        return NoDatesLoader(text)
    except yaml.reader.ReaderError as error:
        raise UnreadableFileError(
            f"the file holds a character that YAML does not allow (code {error.character})",
            "save it as plain text",
            text[: error.position].count("\n") + 1,
        ) from None


def read(path: Path) -> str:
    """Return the text of a parameters file.

    Raises
    ------
    UnreadableFileError : it is not there, too large, or no UTF-8 text.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise UnreadableFileError("this is a folder", "name a file in params/")
        if size > MAX_BYTES:
            raise UnreadableFileError(
                f"the file has {size:,} bytes; a parameters file has at most {MAX_BYTES:,}",
                "data belong in data/, not in the parameters",
            )
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise UnreadableFileError(
            "there is no such file", "check the name; files are in params/"
        ) from None
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UnreadableFileError("the file is not UTF-8 text", "save it as UTF-8", line) from None
    except OSError as error:
        raise UnreadableFileError(
            f"the file cannot be read: {error.strerror}", "check that you may read it"
        ) from None


def _refuse_growth(root: yaml.Node) -> None:
    """Refuse aliases that refer to themselves, and those that multiply beyond measure."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()

    def size(node: yaml.Node) -> int:
        if id(node) in open_nodes:
            raise UnreadableFileError(
                "an alias refers to itself",
                "write the value out",
                node.start_mark.line + 1,
            )
        if id(node) not in sizes:
            open_nodes.add(id(node))
            sizes[id(node)] = 1 + sum(size(child) for child in _children(node))
            open_nodes.discard(id(node))
        return sizes[id(node)]

    if size(root) > MAX_NODES:
        raise UnreadableFileError(
            f"the file unfolds to more than {MAX_NODES:,} values",
            "data belong in data/; aliases must not multiply",
        )


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value
    elif isinstance(node, yaml.SequenceNode):
        yield from node.value


def _walk(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int]) -> Iterator[Problem]:
    """Note the line of every key and item; yield keys that are no text or given twice."""
    if isinstance(node, yaml.SequenceNode):
        for position, item in enumerate(node.value):
            below = (*path, position)
            lines[below] = item.start_mark.line + 1
            yield from _walk(item, below, lines)
        return
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise UnreadableFileError("a key has to be text", "write 'key: value'", line)
        below = (*path, key.value)
        if below in lines and key.value != "<<":
            yield Problem(
                below,
                f"the key '{key.value}' is given twice (lines {lines[below]} and {line})",
                "keep one of them; YAML would silently take the last",
            )
        lines[below] = line
        if key.tag == "tag:yaml.org,2002:merge":
            below = path
        yield from _walk(value, below, lines)


def _syntax(error: yaml.MarkedYAMLError) -> UnreadableFileError:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark is not None else 0
    problem = error.problem or _first_line(error)
    remedy = "check indentation, colons and quotes around this line"
    if "'\\t'" in problem:
        problem, remedy = "a tab cannot indent YAML", "indent with spaces"
    if isinstance(error, yaml.constructor.ConstructorError) and "tag" in problem:
        remedy = "parameters hold plain values only: remove the '!' tag"
    if isinstance(error, yaml.composer.ComposerError) and "document" in str(error.context):
        problem, remedy = "the file holds several documents", "remove the '---' between them"
    return UnreadableFileError(f"this is not YAML: {problem}", remedy, line)


def _first_line(error: Any) -> str:
    return str(error).strip().split("\n", 1)[0]
