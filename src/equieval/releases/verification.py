"""Verification: a released version is rerun, and a partner is told number by number what came out.

First the version itself: is it what was released? Then a rerun in fresh processes
(`equieval.releases.rerun`), the verdict on each estimate (`equieval.releases.verify`), and, where
numbers differ, what differs between what the version recorded and what the rerun used.

Code runs only if it is known. A version of this project may run what is frozen in it, as long as
it is what was released. A bundle from elsewhere runs nothing that it brings, unless it is trusted:
then what is installed here stands in, where it is the same code.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import equieval
from equieval.errors import EquievalError, NotReproduced, ReleaseError
from equieval.protocol.loading import parse
from equieval.releases.integrity import (
    Alteration,
    Cause,
    alterations,
    changed_names,
    listed,
    read_estimates_csv,
    sources_of,
)
from equieval.releases.layout import PARAMETERS
from equieval.releases.rerun import FailedPage, Materials, MissingInput, Rerun, materials, rerun
from equieval.releases.runrecord import RunRecord
from equieval.releases.status import Status
from equieval.releases.verify import (
    ANOTHER_ENVIRONMENT,
    SAME_ENVIRONMENT,
    EstimatesVerdict,
    Reproduction,
    Tolerances,
    estimates_verdict,
    is_resampled,
)
from equieval.releases.version import Release
from equieval.runs.fingerprint import environment_versions, package_digests
from equieval.runs.notebooks import read_notebook, source_digest
from equieval.runs.provenance import platform_kind
from equieval.runs.schedule import Progress
from equieval.runs.subject import seeds_of

Code = Literal["frozen", "current"]
_SCHEMA = 1


class Outcome(StrEnum):
    """The total verdict."""

    REPRODUCED = "reproduced"
    NOT_REPRODUCED = "not reproduced"
    ALTERED = "altered after release"
    NOT_RERUN = "not rerun"


@dataclass(frozen=True)
class Suspect:
    """Something that differs between what a version recorded and what its rerun used."""

    cause: Cause
    what: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.what}"


@dataclass(frozen=True)
class Verification:
    """What came of verifying one version.

    Attributes
    ----------
    release : the version.
    code : whether the frozen package was to be used, or the one installed here.
    alterations : what is not as it was released.
    verdict : published against rerun; None where nothing was rerun.
    suspects : what differs between the record and the rerun.
    environment : packages whose versions differ, and another kind of machine, in words; they
        matter only if numbers differ.
    failures : pages that could not be run.
    missing : data that are not here.
    blocked : why nothing was run.
    tolerances : those that were used.
    """

    release: Release
    code: Code
    alterations: tuple[Alteration, ...]
    verdict: EstimatesVerdict | None
    suspects: tuple[Suspect, ...]
    environment: tuple[str, ...]
    failures: tuple[FailedPage, ...]
    missing: tuple[MissingInput, ...]
    blocked: tuple[str, ...]
    tolerances: Tolerances

    @property
    def outcome(self) -> Outcome:
        """The total verdict; altered files come before anything that a rerun says."""
        if self.alterations:
            return Outcome.ALTERED
        if self.verdict is None:
            return Outcome.NOT_RERUN
        if self.failures or not self.verdict.reproduced:
            return Outcome.NOT_REPRODUCED
        return Outcome.REPRODUCED

    @property
    def name(self) -> str:
        """The version as a user names it."""
        return f"{self.release.id} {self.release.name}"

    def counts(self) -> dict[str, int]:
        """Return how many estimates got which verdict."""
        found = [] if self.verdict is None else list(self.verdict.table["verdict"])
        return {kind.value: found.count(kind.value) for kind in Reproduction}

    def estimates(self) -> list[dict[str, Any]]:
        """Return one row per estimate with its verdict and, where it differs, the suspects."""
        if self.verdict is None:
            return []
        rows: list[dict[str, Any]] = self.verdict.to_json()["estimates"]
        inference = self._inference()
        good = (Reproduction.IDENTICAL, Reproduction.WITHIN_TOLERANCE)
        return [
            {**row, "suspected": [] if row["verdict"] in good else self._causes(inference, row)}
            for row in rows
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the verification as plain data; missing numbers are None."""
        return {
            "schema": _SCHEMA,
            "id": self.release.id,
            "version": self.release.version,
            "title": self.release.title,
            "content_digest": self.release.content_digest,
            "verified_with": f"equieval {equieval.__version__}",
            "code": self.code,
            "outcome": self.outcome.value,
            "alterations": [
                {"cause": a.cause.value, "file": a.file, "what": a.what} for a in self.alterations
            ],
            "counts": self.counts(),
            "estimates": self.estimates(),
            "unpublished": [] if self.verdict is None else list(self.verdict.unpublished),
            "suspects": [{"cause": s.cause.value, "what": s.what} for s in self.suspects],
            "environment": list(self.environment),
            "failures": [
                {"page": f.slug, "where": f.where, "message": f.message} for f in self.failures
            ],
            "missing": [
                {"source": m.source, "path": m.path, "open": m.open, "digest": m.digest,
                 "words": str(m)} for m in self.missing
            ],
            "not_run_because": list(self.blocked),
            "tolerances": self.tolerances.to_json(),
        }  # fmt: skip

    def refuse(self) -> None:
        """Raise unless the version was reproduced.

        Raises
        ------
        NotReproduced : exit code 4, saying what was altered, what differs, or what is missing.
        """
        if self.outcome is Outcome.REPRODUCED:
            return
        raise NotReproduced(
            f"{self.name}: {self.outcome}", where="; ".join(self._places()), remedy=self._remedy()
        )

    def _places(self) -> Iterator[str]:
        if self.alterations:
            yield ", ".join(dict.fromkeys(a.file for a in self.alterations))
        counts = self.counts()
        bad = counts[Reproduction.DIFFERS] + counts[Reproduction.MISSING]
        if bad:
            yield f"{bad} of {sum(counts.values())} estimates"
        if self.failures:
            yield ", ".join(f.where for f in self.failures)
        if self.missing:
            yield "data of " + ", ".join(m.source for m in self.missing)

    def _remedy(self) -> str:
        if self.alterations:
            return "restore the version from version control, or get the bundle again"
        if self.missing:
            return (
                "put each file at its path below a folder of your own and name that folder with "
                "--data; data that are not open need the private key of the project beside them "
                "(.equieval/private/key) to be compared with the record"
            )
        if self.blocked:
            return "look at the code, and pass --trust if you would run it"
        return "compare what is suspected with the run record"

    def _inference(self) -> Mapping[str, object]:
        table = read_estimates_csv(self.release.path)
        column = table["inference"] if "inference" in table.columns else [None] * len(table)
        return dict(zip(table["id"], column, strict=True))

    def _causes(self, inference: Mapping[str, object], row: Mapping[str, Any]) -> list[str]:
        causes = list(dict.fromkeys(suspect.cause.value for suspect in self.suspects))
        if not causes:  # everything that the record names is as it was
            drawn = is_resampled(inference.get(row["id"]))
            causes = [Cause.SEED.value if drawn else Cause.UNKNOWN.value]
        return causes


def verify_version(
    folder: Path,
    *,
    code: Code = "frozen",
    project: Path | None = None,
    data: Path | None = None,
    brought: bool = False,
    trust: bool = False,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Verify a version: is it what was released, and does it give the same numbers again?

    Parameters
    ----------
    folder : the version.
    code : ``frozen`` reruns with the package frozen in the version, ``current`` with the one
        that is installed.
    project : the project around, whose notebooks stand in where those of the version may not run.
    data : folder laid out as the project, for data that the version does not carry; the project
        itself when left out.
    brought : the version came from elsewhere (a bundle).
    trust : run the code that the version brings, whatever it is.

    Raises
    ------
    ReleaseError : there is no version that can be read, or it was withdrawn.
    """
    release = Release.load(folder)
    if release.status is Status.WITHDRAWN:
        raise ReleaseError(
            f"{release.name} was withdrawn: there is nothing to verify",
            where=release.id,
            remedy="verify a version that stands",
        )
    altered = alterations(folder)
    with _chosen(folder, altered, code, project, data, brought, trust) as chosen:
        made_from, blocked = chosen
        done = None
        if made_from is not None and not blocked and not made_from.missing:
            done = rerun(made_from, jobs=jobs, progress=progress)
        environment = () if made_from is None else tuple(_differences_here(made_from.record))
        tolerances = ANOTHER_ENVIRONMENT if environment else SAME_ENVIRONMENT
        verdict: EstimatesVerdict | None = None
        suspects: tuple[Suspect, ...] = ()
        if made_from is not None and done is not None:
            verdict = estimates_verdict(read_estimates_csv(folder), done.estimates, tolerances)
            suspects = tuple(_suspects(made_from, done, altered, environment))
        return Verification(
            release=release,
            code=code,
            alterations=altered,
            verdict=verdict,
            suspects=suspects,
            environment=environment,
            failures=() if done is None else done.failures,
            missing=() if made_from is None else made_from.missing,
            blocked=blocked,
            tolerances=tolerances,
        )


@contextmanager
def _chosen(
    folder: Path,
    altered: tuple[Alteration, ...],
    code: Code,
    project: Path | None,
    data: Path | None,
    brought: bool,
    trust: bool,
) -> Iterator[tuple[Materials | None, tuple[str, ...]]]:
    """Choose what may be run; yield it, or why nothing may."""
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        archive, notebooks = (Path(place) if code == "frozen" else None), None
        blocked: list[str] = []
        try:
            known = not brought and all(a.cause is not Cause.CODE for a in altered)
            if not (trust or known):
                archive, notebooks, blocked = _what_is_here(folder, code, project, brought)
            supplied = data if data is not None else project
            made_from = materials(folder, data=supplied, code=archive, notebooks=notebooks)
        except EquievalError as error:
            yield None, (*blocked, str(error))
            return
        yield made_from, tuple(blocked)


def _what_is_here(
    folder: Path, code: Code, project: Path | None, brought: bool
) -> tuple[None, Path | None, list[str]]:
    """Let what is installed here stand in for code that may not run, where it is the same."""
    record = RunRecord.load(folder)
    blocked = []
    if code == "frozen" and changed_names(package_digests(), record.package):
        blocked.append("the package that it was made with is not the one installed here")
    if project is None or not _same_notebooks(project, record):
        blocked.append("its notebooks are not those of a project here")
    if brought and any(_queries(source) for source in sources_of(folder / PARAMETERS)):
        blocked.append("its parameters bring a database query")
    return None, project, blocked


def _same_notebooks(project: Path, record: RunRecord) -> bool:
    try:
        return all(
            source_digest(read_notebook(project / name)) == digest
            for name, digest in record.notebooks.items()
        )
    except EquievalError:
        return False


def _queries(source: Mapping[str, Any]) -> bool:
    return "query" in source or "connection" in source or str(source["path"]).endswith(".sql")


def _suspects(
    made_from: Materials,
    done: Rerun,
    altered: tuple[Alteration, ...],
    environment: tuple[str, ...],
) -> Iterator[Suspect]:
    """Yield what differs between the record and what the rerun used."""
    record = made_from.record
    for alteration in altered:
        if alteration.cause is Cause.ESTIMATES:
            yield Suspect(Cause.ESTIMATES, f"{alteration.file}: {alteration.what}")
    for source, recorded in record.data.items():
        used = done.data.get(source)
        if used is None:
            what = f"the data of '{source}' cannot be compared with the record here"
            yield Suspect(Cause.DATA, what)
        elif used != recorded:
            yield Suspect(Cause.DATA, f"the data of '{source}' are not those that were recorded")
    files = changed_names(made_from.package_files, record.package)
    if files:
        yield Suspect(Cause.CODE, f"package files differ: {listed(files)}")
    notebooks = changed_names(made_from.notebook_digests(), record.notebooks)
    if notebooks:
        yield Suspect(Cause.CODE, f"notebooks differ: {listed(notebooks)}")
    if hashlib.sha256(made_from.parameters).hexdigest() != record.parameters:
        yield Suspect(Cause.PARAMETERS, f"{PARAMETERS} is not the file that was recorded")
    seeds = dict(seeds_of(parse(made_from.parameters.decode()).values))
    for key, seed in seeds.items():
        if record.seeds.get(key, seed) != seed:
            what = f"{key} is {seed}, recorded was {record.seeds[key]}"
            yield Suspect(Cause.SEED, what)
    if environment:
        yield Suspect(Cause.ENVIRONMENT, listed(list(environment)))


def _differences_here(record: RunRecord) -> Iterator[str]:
    """Say which package versions, and what about the machine, are not those of the record."""
    for recorded, here in (
        (record.environment, environment_versions()),
        (record.platform, platform_kind()),
    ):
        for name in changed_names(here, recorded) if recorded else ():
            was, now = recorded.get(name, "not there"), here.get(name, "not there")
            yield f"{name} {was} recorded, {now} here"
