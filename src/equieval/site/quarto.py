"""The reference renderer: Quarto, where it is installed.

Runs `quarto render` on the same projects that the embedded renderer reads. Quarto warns where it
should refuse (unresolved references, broken links) and leaves files behind that belong to no page
(caches, its own search index, a sitemap with the time of day): this module refuses the first and
removes the second.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from equieval.errors import EnvironmentFault, EvaluationFailed
from equieval.releases.renderer import ReleaseDraft
from equieval.site.project import read_project
from equieval.site.version_project import write_version_project

PROGRAM = "quarto"
# Files that Quarto adds to a website on its own account; ours are made by `finish`.
QUARTO_EXTRAS = ("robots.txt", "search.json", "sitemap.xml", "site_libs")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_UNRESOLVED = re.compile(r"^.*(?:Unable to resolve|could not be found|not found).*$", re.MULTILINE)
# Set while `equieval site` runs Quarto, so that the scripts of the project stand aside.
BUILT_BY = "EQUIEVAL_SITE_BUILD"
LAST_LINES = 12


@dataclass(frozen=True, slots=True)
class QuartoRenderer:
    """Renders projects with Quarto; ``root`` is the project whose site a version belongs to."""

    root: Path

    @property
    def name(self) -> str:
        """Name under which a release records its renderer."""
        return "quarto"

    @property
    def version(self) -> str:
        """Quarto's version."""
        return quarto_version(quarto_program())

    def prepare(self, project: Path, release: ReleaseDraft) -> None:
        """Write the project files of a version; see `write_version_project`."""
        write_version_project(project, release, site=read_project(self.root))

    def render(self, project: Path) -> None:
        """Render the project in ``project`` into its output folder, which is made anew."""
        kept = (project / ".gitignore").exists()
        output = project / read_project(project).output
        try:
            run_quarto(project)
        finally:
            shutil.rmtree(project / ".quarto", ignore_errors=True)
            if not kept:
                (project / ".gitignore").unlink(missing_ok=True)
        remove_extras(output)

    def render_site(self, output: Path) -> None:
        """Render the root project's own pages into ``output``.

        The scripts that the project names in `pre-render` and `post-render` are for a render by
        hand; here the build does their work itself.
        """
        run_quarto(
            self.root,
            arguments=("--output-dir", os.path.relpath(output, self.root)),
            environment={BUILT_BY: "1"},
        )
        remove_extras(output)


def quarto_program() -> str:
    """Return the path of the Quarto program.

    Raises
    ------
    EnvironmentFault : it is not on the PATH.
    """
    program = shutil.which(PROGRAM)
    if program is None:
        raise EnvironmentFault(
            "Quarto is not installed",
            where="PATH",
            remedy="install it (conda-forge package 'quarto', or quarto.org), or use "
            "--renderer pandoc, which needs nothing more and gives the same pages",
        )
    return program


@cache
def quarto_version(program: str) -> str:
    """Return the version that a Quarto program reports."""
    done = subprocess.run(  # noqa: S603 -- the program found on the PATH, no shell
        [program, "--version"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise EnvironmentFault(
            "Quarto does not start", where=program, remedy=done.stderr.strip()[-400:]
        )
    return done.stdout.strip()


def run_quarto(
    folder: Path, *, arguments: tuple[str, ...] = (), environment: Mapping[str, str] | None = None
) -> None:
    """Run ``quarto render`` in ``folder``.

    Raises
    ------
    EnvironmentFault : there is no Quarto.
    EvaluationFailed : it failed, or left something unresolved.
    """
    done = subprocess.run(  # noqa: S603 -- the program found on the PATH, no shell
        [quarto_program(), "render", *arguments],
        cwd=folder,
        env={**os.environ, "QUARTO_PYTHON": sys.executable, **(environment or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    said = _COLOUR.sub("", f"{done.stdout}\n{done.stderr}").strip()
    if done.returncode:
        lines = said.splitlines()
        told = [line for line in lines if "ERROR" in line] or lines[-LAST_LINES:]
        raise EvaluationFailed(
            "Quarto could not render the pages:\n" + "\n".join(told), where=str(folder)
        )
    unresolved = _UNRESOLVED.findall(said)
    if unresolved:
        raise EvaluationFailed(
            "Quarto left references unresolved:\n" + "\n".join(unresolved), where=str(folder)
        )


def remove_extras(output: Path) -> None:
    """Remove from ``output`` what Quarto adds to a website and no page of ours uses."""
    for name in QUARTO_EXTRAS:
        path = output / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
