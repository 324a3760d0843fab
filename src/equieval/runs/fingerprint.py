"""What a page's result depends on, as digests: its notebook, parameters, data, code, environment.

Equal fingerprints mean that the page need not run again; the names in them say what
changed otherwise. Nothing here depends on times, paths or machines.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import equieval

# Raised when executed pages are written differently, so that older ones are not reused.
PAGE_FORMAT = 1

# The floors that a page stands on; what runs, releases and renders it cannot change it.
PAGE_FLOORS = ("errors.py", "protocol", "methods", "disclosure", "data", "present", "study")

_MOST_NAMED = 3  # files that one reason names

# Requirements that serve people or the site and that no page can reach.
OUTSIDE_PAGES = frozenset(
    {"jupyterlab", "typer", "rich", "pypandoc-binary", "pagefind", "rocrate", "jinja2", "joblib"}
)


# Stands among the blocks of a page that says whether its protocol was registered.
REGISTRATION_BLOCK = "registration"


@dataclass(frozen=True)
class Fingerprint:
    """What one page depends on.

    Attributes
    ----------
    notebook : SHA-256 of its cells.
    blocks : SHA-256 of each block of the parameters file that it reads, as given.
    data : digest of each data source (keyed for data that are not open).
    package : SHA-256 of each package file that pages stand on.
    environment : version of Python and of each distribution that pages can import.
    needs : key of each page whose estimates it uses.
    """

    notebook: str
    blocks: Mapping[str, str]
    data: Mapping[str, str]
    package: Mapping[str, str]
    environment: Mapping[str, str]
    needs: Mapping[str, str]

    @property
    def key(self) -> str:
        """The address of the page's result in the cache."""
        parts = {
            name: dict(sorted(part.items())) if isinstance(part, Mapping) else part
            for name, part in asdict(self).items()
        }
        return digest_of([PAGE_FORMAT, parts])

    def differences(self, earlier: Fingerprint) -> Iterator[str]:
        """Say in words what changed since ``earlier``."""
        if self.notebook != earlier.notebook:
            yield "the notebook changed"
        for name in _changed(self.blocks, earlier.blocks):
            registered = name == REGISTRATION_BLOCK
            what = "registration" if registered else f"block '{name}' of the parameters"
            yield f"the {what} changed"
        for name in _changed(self.data, earlier.data):
            yield f"the data source '{name}' changed"
        files = list(_changed(self.package, earlier.package))
        if len(files) > _MOST_NAMED:
            named, more = ", ".join(files[:_MOST_NAMED]), len(files) - _MOST_NAMED
            yield f"the package changed ({named} and {more} more files)"
        elif files:
            yield f"the package changed ({', '.join(files)})"
        versions = [
            _version_change(name, earlier.environment.get(name), self.environment.get(name))
            for name in _changed(self.environment, earlier.environment)
        ]
        if versions:
            yield f"the environment changed ({', '.join(versions)})"


def digest_of(value: object) -> str:
    """Return the SHA-256 of a JSON-able value; the order of keys counts."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def package_digests(package: Path | None = None) -> dict[str, str]:
    """Return the SHA-256 of every package file of the floors that pages stand on.

    Keys are paths inside the package, such as ``methods/its.py``.
    """
    folder = package if package is not None else Path(equieval.__file__).parent
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in package_files(folder)
    }


def package_files(folder: Path) -> list[Path]:
    """List the package files of the floors that pages stand on."""
    found: list[Path] = []
    for floor in PAGE_FLOORS:
        place = folder / floor
        inside = place.rglob("*") if place.is_dir() else [place]
        found += [p for p in inside if p.is_file() and "__pycache__" not in p.parts]
    return sorted(p for p in found if not p.name.startswith("."))


@cache
def environment_versions() -> dict[str, str]:
    """Return the versions of Python and of every distribution that pages can import.

    These are the package's requirements and theirs in turn, as installed, without those
    that no page can reach (`OUTSIDE_PAGES`).
    """
    versions = {"python": platform.python_version()}
    waiting = [
        requirement
        for requirement in _requirements(distribution("equieval"), frozenset())
        if canonicalize_name(requirement.name) not in OUTSIDE_PAGES
    ]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        visit = (name, frozenset(requirement.extras))
        if visit in seen:
            continue
        seen.add(visit)
        try:
            installed = distribution(name)
        except PackageNotFoundError:  # optional on this platform
            continue
        versions[name] = installed.version
        waiting += _requirements(installed, visit[1])
    return dict(sorted(versions.items()))


def _requirements(installed: Distribution, extras: Iterable[str]) -> list[Requirement]:
    found = [Requirement(text) for text in installed.requires or ()]
    wanted = ("", *extras)
    return [
        r
        for r in found
        if r.marker is None or any(r.marker.evaluate({"extra": extra}) for extra in wanted)
    ]


def _changed(now: Mapping[str, str], before: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*now, *before}):
        if now.get(name) != before.get(name):
            yield name


def _version_change(name: str, before: str | None, now: str | None) -> str:
    if before is None:
        return f"{name} {now} is new"
    if now is None:
        return f"{name} is gone"
    return f"{name} {before} → {now}"
