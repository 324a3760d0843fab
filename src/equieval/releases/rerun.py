"""Running the pages of a version again, in fresh processes, from what is frozen in it.

Nothing of the project around takes part: notebooks, parameters, data and (unless asked
otherwise) the package come from the version, in a project of their own that is gone afterwards.
Every page gets a plain kernel; nothing is forked, nothing comes from a cache.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from equieval.data.digests import KEY_FILE, file_digest
from equieval.errors import EquievalError, ReleaseError
from equieval.methods.estimates import ESTIMATE_COLUMNS
from equieval.protocol.loading import UnreadableFileError, parse
from equieval.protocol.registration import registration_path
from equieval.protocol.root import MARKER
from equieval.releases.integrity import frozen_package, open_inputs, sources_of
from equieval.releases.layout import PAGE_ESTIMATES, PARAMETERS, REGISTRATION
from equieval.releases.runrecord import RunRecord
from equieval.runs import PageEvent
from equieval.runs.execute import PageError, execute_page
from equieval.runs.fingerprint import package_digests
from equieval.runs.kernel import Kernels, PageKernel
from equieval.runs.notebooks import notebook_bytes, read_notebook, source_digest
from equieval.runs.schedule import Progress, processors, side_by_side
from equieval.runs.subject import SCHEMA_BLOCK
from equieval.study.pages import PageSpec

if TYPE_CHECKING:
    import pandas as pd

_NOT_SHOWN = "the data are not open; only their owner can supply them"


@dataclass(frozen=True)
class MissingInput:
    """A data source that a version does not carry and that is not here either.

    Attributes
    ----------
    source, title, edition, publisher : what to ask for.
    path : where it must lie below the folder that is given.
    open : whether it can be had from its publisher.
    digest : the fingerprint that the run recorded.
    """

    source: str
    title: str
    edition: str
    publisher: str
    path: str
    open: bool
    digest: str

    def __str__(self) -> str:
        who = f", {self.publisher}" if self.publisher else ""
        edition = f", {self.edition}" if self.edition else ""
        how = "published openly" if self.open else _NOT_SHOWN
        return f"'{self.source}' ({self.title}{who}{edition}) as {self.path}: {how}"


@dataclass(frozen=True)
class Materials:
    """What a rerun is made from; parts of two versions can be put together.

    Attributes
    ----------
    record : the run record that names pages and digests.
    parameters : the parameters file.
    registration : the registered protocol; None where the evaluation was not registered.
    notebooks : folder that holds ``notebooks/``.
    sources : path of each data source in the project, by its id.
    inputs : data files by their path in the project.
    package : folder to put first on Python's path; None for the package installed here.
    key : the private key under which digests of data that are not open were made.
    scratch : where to work; beside the private key when data come from outside the version.
    missing : data that are not here.
    """

    record: RunRecord
    parameters: bytes
    registration: bytes | None
    notebooks: Path
    sources: Mapping[str, str]
    inputs: Mapping[str, Path]
    package: Path | None
    key: Path | None
    scratch: Path | None
    missing: tuple[MissingInput, ...]

    @property
    def package_files(self) -> dict[str, str]:
        """The digests of the package files that the pages will stand on."""
        return package_digests(None if self.package is None else self.package / "equieval")

    def notebook_digests(self) -> dict[str, str]:
        """Return the digest of what each notebook does, by its path."""
        return {
            page.notebook: source_digest(
                read_notebook(self.notebooks / page.notebook, where=page.notebook)
            )
            for page in self.record.pages
        }


@dataclass(frozen=True)
class FailedPage:
    """A page that could not be run again, with the notebook and cell, and what was raised."""

    slug: str
    where: str
    message: str


@dataclass(frozen=True)
class Rerun:
    """What came of a rerun.

    Attributes
    ----------
    estimates : the Estimates table of all pages that ran.
    failures : pages that did not.
    data : digest of each data source as used; None where it cannot be told.
    """

    estimates: pd.DataFrame
    failures: tuple[FailedPage, ...]
    data: Mapping[str, str | None]


class FreshKernels(Kernels):
    """Plain kernels, one process each, that import the package from a folder of their own."""

    def __init__(self, package: Path | None) -> None:
        super().__init__(warm=False)
        self._package = package

    def for_page(self, folder: Path, environment: dict[str, str]) -> PageKernel:
        """Return the manager of a new kernel (`equieval.runs.kernel.Kernels.for_page`)."""
        if self._package is not None:
            others = os.environ.get("PYTHONPATH")
            path = os.pathsep.join([str(self._package), *([others] if others else [])])
            environment = {**environment, "PYTHONPATH": path}
        return super().for_page(folder, environment)


def materials(
    folder: Path, *, data: Path | None, code: Path | None, notebooks: Path | None = None
) -> Materials:
    """Gather what a version is made from.

    Parameters
    ----------
    folder : the version.
    data : a folder laid out as the project, for data that the version does not carry.
    code : empty folder to open the version's package archive into; None to use the package
        that is installed here.
    notebooks : where to take the notebooks from instead of the version.

    Raises
    ------
    ReleaseError : records, parameters or package of the version cannot be read.
    """
    record = RunRecord.load(folder)
    package = None
    if code is not None:
        package = frozen_package(folder, code)
        if package is None:
            raise ReleaseError(
                "the version holds no package archive",
                where=f"{folder.name}/code",
                remedy="rerun it with the code installed here: --code current",
            )
    inputs: dict[str, Path] = open_inputs(folder)
    missing, scratch = [], None
    sources = sources_of(folder / PARAMETERS)
    for source in sources:
        path = source["path"]
        if path in inputs:
            continue
        if data is not None and (data / path).is_file():
            inputs[path] = data / path
            scratch = (data / KEY_FILE).parent
        else:
            missing.append(_missing(source, record))
    registered = folder / REGISTRATION
    key = data / KEY_FILE if data is not None and (data / KEY_FILE).is_file() else None
    return Materials(
        record=record,
        parameters=(folder / PARAMETERS).read_bytes(),
        registration=registered.read_bytes() if registered.is_file() else None,
        notebooks=notebooks or folder,
        sources={source["id"]: source["path"] for source in sources},
        inputs=inputs,
        package=package,
        key=key,
        scratch=scratch,
        missing=tuple(missing),
    )


def other_data(made_from: Materials) -> tuple[str, ...]:
    """Return the sources whose data at hand are not those that the version was made from.

    What cannot be told without the private key, and what a database returns, is not named.
    """
    root = None if made_from.key is None else made_from.key.parents[len(KEY_FILE.parts) - 1]
    found = []
    for source, path in made_from.sources.items():
        recorded, file = made_from.record.data.get(source, ""), made_from.inputs.get(path)
        keyed = recorded.startswith("hmac-")
        if file is None or path.endswith(".sql") or (keyed and root is None):
            continue
        if file_digest(file, open_data=not keyed, root=root or file.parent) != recorded:
            found.append(source)
    return tuple(found)


def rerun(
    made_from: Materials, *, jobs: int | None = None, progress: Progress | None = None
) -> Rerun:
    """Run every page again and return the estimates.

    Pages that fail are told; the others run to their end.

    Raises
    ------
    ReleaseError : the parameters cannot be read.
    """
    with _project(made_from) as root, FreshKernels(made_from.package) as kernels:
        pages = root / "pages"
        failures = dict(_run_pages(made_from, root, pages, kernels, jobs, progress))
        tables = [pages / spec.slug / PAGE_ESTIMATES for spec in made_from.record.pages]
        estimates = _estimates([table for table in tables if table.is_file()])
        return Rerun(estimates, tuple(failures.values()), _digests(root, made_from))


@contextmanager
def _project(made_from: Materials) -> Iterator[Path]:
    """Lay out a project from the materials; it is gone on leaving."""
    # Where data are not open, what a killed process leaves behind stays among private files.
    if made_from.scratch is not None:
        made_from.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    root = Path(tempfile.mkdtemp(prefix="equieval-rerun-", dir=made_from.scratch))
    try:
        (root / MARKER).write_text("project:\n  type: website\n", encoding="utf-8")
        parameters = root / "params" / f"{made_from.record.evaluation}.yaml"
        parameters.parent.mkdir()
        parameters.write_bytes(made_from.parameters)
        if made_from.registration is not None:
            registered = registration_path(root, made_from.record.evaluation)
            registered.parent.mkdir()
            registered.write_bytes(made_from.registration)
        for path, source in made_from.inputs.items():
            _put(source, root / path)
        for spec in made_from.record.pages:
            _put(made_from.notebooks / spec.notebook, root / spec.notebook)
        if made_from.key is not None:
            private = root / KEY_FILE
            private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            shutil.copyfile(made_from.key, private)
            private.chmod(0o600)
        yield root
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)  # never a link: pages must not reach what was released


def _run_pages(
    made_from: Materials,
    root: Path,
    pages: Path,
    kernels: Kernels,
    jobs: int | None,
    progress: Progress | None,
) -> Iterator[tuple[str, FailedPage]]:
    blocks = _blocks(made_from)
    specs = made_from.record.pages
    tell = progress or (lambda event: None)
    done = 0

    def event(kind: Any, spec: PageSpec, status: str) -> None:
        tell(PageEvent(kind, spec.slug, spec.title, status, 0.0, done, len(specs)))

    def work(spec: PageSpec, needed: Mapping[str, FailedPage | None]) -> FailedPage | None:
        folder = pages / spec.slug
        folder.mkdir(parents=True)
        names = [name for name in (SCHEMA_BLOCK, *spec.reads) if name in blocks]
        try:
            executed = execute_page(
                read_notebook(root / spec.notebook, where=spec.notebook),
                {name: blocks[name] for name in names},
                page_folder=folder,
                root=root,
                kernels=kernels,
            )
        except PageError as error:
            shutil.rmtree(folder, ignore_errors=True)  # all of a page's estimates, or none
            cell = "" if error.cell is None else f", cell {error.cell}"
            return FailedPage(spec.slug, f"{spec.notebook}{cell}", error.message)
        (pages / f"{spec.slug}.ipynb").write_bytes(notebook_bytes(executed.notebook))
        return None

    for spec, failure in side_by_side(
        specs,
        work,
        jobs=jobs or processors(),
        started=lambda spec: event("started", spec, ""),
        interrupted=kernels.end_all,
    ):
        done += 1
        event("finished", spec, "failed" if failure else "ran")
        if failure is not None:
            yield spec.slug, failure


def _blocks(made_from: Materials) -> Mapping[str, object]:
    try:
        return parse(made_from.parameters.decode()).values
    except (UnreadableFileError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"the parameters of the version cannot be read ({error})",
            where=PARAMETERS,
            remedy="restore the version's folder from version control or a backup",
        ) from error


def _estimates(tables: Sequence[Path]) -> pd.DataFrame:
    import pandas as pd

    found = [pd.read_parquet(path) for path in tables]
    if not found:
        return pd.DataFrame({name: [] for name in ESTIMATE_COLUMNS})
    return pd.concat(found, ignore_index=True)


def _digests(root: Path, made_from: Materials) -> dict[str, str | None]:
    """Return the digest of each source as used, None for what no file's digest can say."""
    digests: dict[str, str | None] = {}
    for source in sources_of(root / "params" / f"{made_from.record.evaluation}.yaml"):
        recorded = made_from.record.data.get(source["id"], "")
        keyed = recorded.startswith("hmac-")
        if source["path"].endswith(".sql") or (keyed and made_from.key is None):
            digests[source["id"]] = None
            continue
        try:
            digest = file_digest(root / source["path"], open_data=not keyed, root=root)
        except (OSError, EquievalError):
            digests[source["id"]] = None
        else:
            digests[source["id"]] = digest
    return digests


def _missing(source: Mapping[str, Any], record: RunRecord) -> MissingInput:
    def text(name: str) -> str:
        value = source.get(name)
        return " ".join(value.split()) if isinstance(value, str) else ""

    return MissingInput(
        source=str(source["id"]),
        title=text("title"),
        edition=text("edition"),
        publisher=text("publisher"),
        path=str(source["path"]),
        open=source.get("open") is True,
        digest=record.data.get(str(source["id"]), ""),
    )
