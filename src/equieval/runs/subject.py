"""The evaluation that a run is about, with everything its pages are made from.

Read once and held, so that what is fingerprinted is what is executed; `changed_inputs`
tells whether a file was edited meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import equieval
from equieval.errors import InputError
from equieval.protocol.registration import PROTOCOL_BLOCKS, registration_path
from equieval.runs.fingerprint import (
    REGISTRATION_BLOCK,
    Fingerprint,
    digest_of,
    environment_versions,
    package_digests,
    package_files,
)
from equieval.runs.notebooks import read_notebook, source_digest
from equieval.study.pages import PageSpec, pages_for

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from equieval.protocol import Evaluation

DESIGN_NAMES = {
    "its": "an interrupted time series",
    "controlled-its": "a controlled interrupted time series",
    "did": "a difference-in-differences study",
    "staggered-did": "a staggered difference-in-differences study",
    "synthetic-did": "a synthetic difference-in-differences study",
    "audit": "an equity audit",
}
SCHEMA_BLOCK = "schema"


@dataclass(frozen=True)
class DataSource:
    """A data source by its digest, and the file it is in (None for a database)."""

    id: str
    digest: str
    open: bool
    file: Path | None


@dataclass(frozen=True)
class Subject:
    """An evaluation as it stands.

    Attributes
    ----------
    root : the project's folder.
    id, title, question, design, synthetic : of the evaluation.
    parameters_file, parameters : the parameters file, and its bytes.
    blocks : its top-level blocks as Papermill reads them, nothing filled in.
    specs : the pages of the report.
    notebooks : the committed notebook of each page, by slug.
    sources : the data.
    package : digests of the package files that pages stand on.
    seeds : every ``seed`` among the parameters, defaults included, by key path.
    stamps : size and time of every file read, to notice an edit during the run.
    registration : digest of the file of its registration; empty where it is not registered.
    """

    root: Path
    id: str
    title: str
    question: str
    design: str
    synthetic: bool
    parameters_file: Path
    parameters: bytes
    blocks: Mapping[str, Any]
    specs: tuple[PageSpec, ...]
    notebooks: Mapping[str, NotebookNode]
    sources: tuple[DataSource, ...]
    package: Mapping[str, str]
    seeds: Mapping[str, int]
    stamps: Mapping[Path, tuple[int, int]]
    registration: str = ""

    def injected(self, spec: PageSpec) -> dict[str, Any]:
        """Return the parameters that a page gets: the blocks it reads, as given.

        A block that the file leaves out is given empty, so that its defaults hold: the notebook's
        own cell of parameters has the block of another evaluation.
        """
        from equieval.protocol.blocks import WITH_DEFAULTS

        given: dict[str, Any] = {name: {} for name in WITH_DEFAULTS} | dict(self.blocks)
        return {name: given[name] for name in (SCHEMA_BLOCK, *spec.reads) if name in given}

    def fingerprints(self) -> dict[str, Fingerprint]:
        """Return what each page depends on, by slug."""
        by_id = {spec.id: spec for spec in self.specs}
        done: dict[str, Fingerprint] = {}

        def fingerprint(spec: PageSpec) -> Fingerprint:
            if spec.slug not in done:
                needed = [by_id[page_id] for page_id in spec.needs]
                done[spec.slug] = Fingerprint(
                    notebook=source_digest(self.notebooks[spec.slug]),
                    blocks=self._block_digests(spec),
                    data={source.id: source.digest for source in self.sources},
                    package=self.package,
                    environment=environment_versions(),
                    needs={other.slug: fingerprint(other).key for other in needed},
                )
            return done[spec.slug]

        return {spec.slug: fingerprint(spec) for spec in self.specs}

    def _block_digests(self, spec: PageSpec) -> dict[str, str]:
        """Return the digest of each block that a page reads.

        A page that reads the whole protocol says whether it was registered, and what deviates.
        """
        digests = {name: digest_of(value) for name, value in self.injected(spec).items()}
        if self.registration and set(PROTOCOL_BLOCKS) <= set(spec.reads):
            digests[REGISTRATION_BLOCK] = self.registration
        return digests

    def front_matter(self, spec: PageSpec) -> dict[str, Any]:
        """Return the front matter of a page; the first page's title has the design in it."""
        name = DESIGN_NAMES.get(self.design, self.design)
        if spec is self.specs[0]:
            return {"title": titled(self.title, name), "description": self.question}
        return {"title": spec.title}

    def changed_inputs(self) -> list[str]:
        """Return the files that were edited since they were read, from the project's folder."""
        changed = [path for path, then in self.stamps.items() if stamp(path) != then]
        return [
            path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.name
            for path in changed
        ]


def titled(title: str, design: str) -> str:
    """Join a title and its design, whatever the title ends with.

    >>> titled("What can data say?", "an interrupted time series")
    'What can data say? An interrupted time series'
    >>> titled("Outreach and booking", "an interrupted time series")
    'Outreach and booking: an interrupted time series'
    """
    if title.endswith(("?", "!", ".")):
        return f"{title} {design[:1].upper()}{design[1:]}"
    return f"{title}: {design}"


def read_subject(root: Path, parameters_file: Path) -> Subject:
    """Read an evaluation and everything that its pages are made from.

    Raises
    ------
    ParametersError : the parameters file is not valid.
    DesignError : the design has no pages in this version.
    DataError : a data source is not there.
    InputError : a notebook is not there, or is none.
    """
    from equieval.protocol import load_evaluation
    from equieval.protocol.loading import parse

    root = root.resolve()
    # Stamped before it is read, so that an edit between the two is noticed as well.
    before = {parameters_file: stamp(parameters_file)}
    evaluation = load_evaluation(parameters_file)
    content = parameters_file.read_bytes()
    specs = pages_for(evaluation.design.type)
    files = [root / spec.notebook for spec in specs]
    package = Path(equieval.__file__).parent
    files += package_files(package)
    files += [root / s.path for s in evaluation.data.sources]
    registered = registration_path(root, evaluation.identity.id)
    files.append(registered)
    stamps = before | {path: stamp(path) for path in files}
    identity = evaluation.identity
    return Subject(
        root=root,
        id=identity.id,
        title=identity.title,
        question=identity.question,
        design=evaluation.design.type,
        synthetic=identity.synthetic,
        parameters_file=parameters_file,
        parameters=content,
        blocks=parse(content.decode()).values,
        specs=specs,
        notebooks={
            spec.slug: read_notebook(root / spec.notebook, where=spec.notebook) for spec in specs
        },
        sources=tuple(data_sources(evaluation, root)),
        package=package_digests(package),
        seeds=dict(seeds_of(evaluation.blocks())),
        stamps=stamps,
        registration=content_digest(registered.read_bytes()) if registered.is_file() else "",
    )


def data_sources(evaluation: Evaluation, root: Path) -> Iterator[DataSource]:
    """Yield the digest of each data source.

    Files are hashed as they are; a database is known only by what its query returns.

    Raises
    ------
    DataError : a source is not there or cannot be read.
    """
    from equieval.data.digests import file_digest
    from equieval.data.sources import source_path
    from equieval.data.validation import check_file

    queried: dict[str, str] = {}
    if any(source.format == "sql" for source in evaluation.data.sources):
        from equieval.data import load_observations

        queried = {s.id: s.digest for s in load_observations(evaluation, root).sources}
    for source in evaluation.data.sources:
        if source.format == "sql":
            yield DataSource(source.id, queried[source.id], source.open, None)
            continue
        path = source_path(source, root)
        check_file(path, source.path)
        digest = file_digest(path, open_data=source.open, root=root)
        yield DataSource(source.id, digest, source.open, path)


def refuse_changed_inputs(subject: Subject) -> None:
    """Refuse to go on when a file that the run has read was edited meanwhile.

    Raises
    ------
    InputError : names the file.
    """
    changed = subject.changed_inputs()
    if changed:
        raise InputError(
            "a file was edited while the pages ran; the draft is as it was",
            where=", ".join(changed[:5]),
            remedy="run again; pages that the edit does not touch are kept",
        )


def stamp(path: Path) -> tuple[int, int]:
    """Return the size and time of a file, by which an edit is noticed; (-1, -1) if gone."""
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)


def seeds_of(value: object, place: str = "") -> Iterator[tuple[str, int]]:
    """Yield every ``seed`` among parameters, by its key path."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            path = f"{place}.{name}" if place else str(name)
            if name == "seed" and isinstance(inner, int):
                yield path, inner
            else:
                yield from seeds_of(inner, path)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            yield from seeds_of(inner, f"{place}[{position}]")


def content_digest(content: bytes) -> str:
    """Return the SHA-256 of bytes."""
    return hashlib.sha256(content).hexdigest()
