"""Making the pages of a released version again, from its folder alone.

A version is a small project that renders by itself. The same renderer in the same version must give
the same bytes, on any machine and at any time; this says whether it does.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from equieval.errors import EnvironmentFault, NotReproduced, ReleaseError
from equieval.releases.integrity import Alteration, alterations, listed
from equieval.releases.manifest import file_sha256, plain_files
from equieval.releases.notebooks import json_bytes
from equieval.releases.renderer import HTML_FOLDER, Renderer
from equieval.releases.status import Status
from equieval.releases.version import Release


@dataclass(frozen=True)
class Rebuilt:
    """What came of making the pages of a version again.

    Attributes
    ----------
    release : the version.
    renderer : name and version of what made the pages now.
    released, again : content digest of the pages as released and as made again.
    different : files that differ, or that only one side has.
    alterations : what of the version is not as it was released.
    """

    release: Release
    renderer: str
    released: str
    again: str
    different: tuple[str, ...]
    alterations: tuple[Alteration, ...]

    @property
    def same(self) -> bool:
        """Whether the pages are those that were released."""
        return self.released == self.again and not self.alterations

    @property
    def same_renderer(self) -> bool:
        """Whether what made the pages is what made them when they were released."""
        return self.renderer == _renderer_of(self.release)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "schema": 1,
            "id": self.release.id,
            "version": self.release.version,
            "same": self.same,
            "renderer": {"released": _renderer_of(self.release), "here": self.renderer},
            "pages_digest": {"released": self.released, "again": self.again},
            "different": list(self.different),
            "alterations": [str(found) for found in self.alterations],
        }

    def refuse(self) -> None:
        """Raise unless the pages are the same.

        Raises
        ------
        NotReproduced : they differ, or the version was altered after its release.
        EnvironmentFault : they differ, and another renderer made them.
        """
        if self.same:
            return
        where = f"{self.release.id} {self.release.name}"
        if self.alterations:
            raise NotReproduced(
                "the version is not what was released: "
                + listed([str(found) for found in self.alterations]),
                where=where,
                remedy="restore the version from version control, or get the bundle again",
            )
        what = f"{_files(len(self.different))}: {listed(list(self.different))}"
        if not self.same_renderer:
            raise EnvironmentFault(
                f"the pages were made with {_renderer_of(self.release)}, here is {self.renderer}; "
                f"{what}",
                where=where,
                remedy="install that version of it, then make them again",
            )
        raise NotReproduced(
            f"the pages made again are not those of the release; {what}",
            where=where,
            remedy="tell those who published it",
        )


def rebuild(folder: Path, renderer: Renderer) -> Rebuilt:
    """Make the pages of a version again and compare them byte for byte.

    Parameters
    ----------
    folder : the version; it is not changed.
    renderer : by the name that the version records. It runs the templates of the version.

    Raises
    ------
    ReleaseError : there is no version that can be read, or it was withdrawn.
    EvaluationFailed : a page cannot be rendered.
    """
    release = Release.load(folder)
    if release.status is Status.WITHDRAWN:
        raise ReleaseError(
            f"{release.name} was withdrawn: its pages are gone",
            where=release.id,
            remedy="name a version that stands",
        )
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        project = Path(place) / release.name
        for name, path in plain_files(folder).items():
            if not name.startswith(f"{HTML_FOLDER}/"):
                target = project / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        renderer.render(project)
        now = _fingerprints(project / HTML_FOLDER)
    then = _fingerprints(folder / HTML_FOLDER)
    return Rebuilt(
        release=release,
        renderer=f"{renderer.name} {renderer.version}",
        released=_digest(then),
        again=_digest(now),
        different=tuple(n for n in sorted({*then, *now}) if then.get(n) != now.get(n)),
        alterations=alterations(folder),
    )


def _renderer_of(release: Release) -> str:
    return f"{release.renderer} {release.renderer_version}"


def _fingerprints(folder: Path) -> dict[str, str]:
    return {name: file_sha256(path) for name, path in plain_files(folder).items()}


def _digest(files: dict[str, str]) -> str:
    return f"sha256:{hashlib.sha256(json_bytes(files)).hexdigest()}"


def _files(number: int) -> str:
    return "1 file differs" if number == 1 else f"{number} files differ"
