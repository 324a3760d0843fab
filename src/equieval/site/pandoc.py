"""The embedded renderer: Pandoc, from the package `pypandoc_binary`.

Renders the same `_quarto.yml` projects as Quarto does, with the same template and filter, to the
same addresses; so a site can be built on a machine that has nothing but Python.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import pypandoc
import yaml

from equieval.errors import EnvironmentFault, EvaluationFailed, InputError
from equieval.releases.renderer import ReleaseDraft
from equieval.site.checks import local_target, read_page
from equieval.site.notebook import notebook_markdown
from equieval.site.project import NOT_FOUND, SiteProject, read_project
from equieval.site.version_project import write_version_project

MOST_WORKERS = 4
_INCLUDE = re.compile(r"^\{\{<\s*include\s+(\S+)\s*>\}\}\s*$", re.MULTILINE)
_SHORTCODE = re.compile(r"\{\{<\s*(\w[\w-]*)")
_FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.DOTALL)
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PandocRenderer:
    """Renders projects with Pandoc; ``root`` is the project whose site a version belongs to."""

    root: Path

    @property
    def name(self) -> str:
        """Name under which a release records its renderer."""
        return "pandoc"

    @property
    def version(self) -> str:
        """Pandoc's version."""
        return pandoc_version()

    def prepare(self, project: Path, release: ReleaseDraft) -> None:
        """Write the project files of a version; see `write_version_project`."""
        write_version_project(project, release, site=read_project(self.root))

    def render(self, project: Path) -> None:
        """Render the project in ``project`` into its output folder, which is made anew."""
        description = read_project(project)
        output = project / description.output
        if output.exists():
            shutil.rmtree(output)
        render_pages(description, output)

    def render_site(self, output: Path) -> None:
        """Render the root project's own pages into ``output``."""
        render_pages(read_project(self.root), output)


@cache
def pandoc_program() -> Path:
    """Return the path of Pandoc: the one that comes with `pypandoc_binary` and no other.

    A Pandoc on the PATH may be years older, and would give other pages under the same record.

    Raises
    ------
    EnvironmentFault : the package brings no program for this machine.
    """
    folder = Path(pypandoc.__file__).parent / "files"
    for name in ("pandoc", "pandoc.exe"):
        if (folder / name).is_file():
            return folder / name
    raise EnvironmentFault(
        "Pandoc is not there",
        where=str(folder),
        remedy="install the package pypandoc_binary (it carries the program)",
    )


@cache
def pandoc_version() -> str:
    """Return Pandoc's version."""
    done = subprocess.run(  # noqa: S603 -- our own program, no shell
        [str(pandoc_program()), "--version"], capture_output=True, text=True, check=True
    )
    return done.stdout.split()[1]


def render_pages(
    project: SiteProject, output: Path, *, progress: Progress | None = None
) -> tuple[PurePosixPath, ...]:
    """Render every page of ``project`` into ``output``; return their paths there.

    Files that a page shows or offers (pictures, data) are copied beside it, as Quarto does.

    Raises
    ------
    EvaluationFailed : a page cannot be rendered; the message names it and Pandoc's reason.
    """
    template, filter_path = _template_and_filter(project)
    output.mkdir(parents=True, exist_ok=True)
    jobs = list(project.pages())

    def one(job: tuple[PurePosixPath, PurePosixPath]) -> PurePosixPath:
        source, target = job
        _render_page(project, source, output / target, template, filter_path)
        if progress:
            progress(str(target))
        return target

    with ThreadPoolExecutor(max_workers=min(MOST_WORKERS, os.cpu_count() or 1)) as pool:
        pages = tuple(pool.map(one, jobs))
    for pattern in project.resources:
        for path in sorted(project.folder.glob(pattern)):
            if path.is_file():
                _copy(path, output / path.relative_to(project.folder))
    _copy_referenced(project.folder, output, pages)
    return pages


def _template_and_filter(project: SiteProject) -> tuple[Path, Path]:
    template, filter_path = (project.folder / name for name in (project.template, project.filter))
    for path in (template, filter_path):
        if not path.is_file():
            raise InputError(
                "the project's page template or filter is not there",
                where=str(path),
                remedy="build with 'equieval site', which writes them first",
            )
    return template, filter_path


def _render_page(
    project: SiteProject, source: PurePosixPath, target: Path, template: Path, filter_path: Path
) -> None:
    text = page_markdown(project, source)
    depth = len(source.parts) - 1
    root = "/".join([".."] * depth) or "."
    metadata = {
        "page-context": {
            "folder": str(project.folder),
            "path": str(source),
            "root": root,
            "code-summary": project.code_summary,
            "absolute": f"{project.site_path}/" if target.name == NOT_FOUND else "",
        },
        "lang": project.lang,
        "link-citations": True,
    }
    if project.bibliography:
        metadata["bibliography"] = [str(project.folder / name) for name in project.bibliography]
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        metadata_file = Path(scratch) / "metadata.json"
        metadata_file.write_text(json.dumps(metadata), encoding="utf-8")
        command = [
            str(pandoc_program()),
            "--from=markdown",
            "--to=html5",
            "--standalone",
            f"--template={template}",
            f"--lua-filter={filter_path}",
            "--mathml",
            "--wrap=none",
            "--fail-if-warnings",
            f"--metadata-file={metadata_file}",
            f"--resource-path={project.folder / source.parent}",
            f"--output={target}",
        ]
        front = front_matter(text)
        if front.get("toc", True):
            command += ["--toc", f"--toc-depth={front.get('toc-depth', project.toc_depth)}"]
        if project.bibliography:
            command.append("--citeproc")
        done = subprocess.run(  # noqa: S603 -- our own program, no shell
            command, input=text, text=True, encoding="utf-8", capture_output=True, check=False
        )
    if done.returncode:
        raise EvaluationFailed(
            f"the page could not be rendered: {done.stderr.strip()}",
            where=str(project.folder / source),
        )


def page_markdown(project: SiteProject, source: PurePosixPath) -> str:
    """Return a page's Markdown with its front matter, includes filled in."""
    path = project.folder / source
    if path.suffix == ".ipynb":
        text = notebook_markdown(path)
    else:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    text = _INCLUDE.sub(lambda match: _included(project, source, match[1]), text)
    other = _SHORTCODE.search(text)
    if other:
        raise InputError(
            f"the embedded renderer has no shortcode '{other[1]}'",
            where=str(path),
            remedy="use 'include' only, or plain Markdown",
        )
    return text


def _included(project: SiteProject, source: PurePosixPath, name: str) -> str:
    base = project.folder if name.startswith("/") else (project.folder / source).parent
    path = base / name.lstrip("/")
    if not path.is_file():
        raise InputError(
            f"the included file '{name}' is not there", where=str(project.folder / source)
        )
    return path.read_text(encoding="utf-8")


def front_matter(text: str) -> dict[str, Any]:
    """Return what stands between the first two lines ``---`` of a page."""
    match = _FRONT_MATTER.match(text)
    found = yaml.safe_load(match[1]) if match else None
    return found if isinstance(found, dict) else {}


def _copy_referenced(folder: Path, output: Path, pages: Iterable[PurePosixPath]) -> None:
    """Copy the files that pages show or link to and that lie in the project."""
    for page in pages:
        facts = read_page((output / page).read_text(encoding="utf-8"))
        for address in (*facts.loads, *facts.links):
            if ":" in address.split("/")[0]:
                continue
            target = local_target(str(page), address)
            if target and not target.endswith(".html") and (folder / target).is_file():
                _copy(folder / target, output / target)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
