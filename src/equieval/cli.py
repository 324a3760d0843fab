"""The command line: thin. Every verb reads its arguments, calls one room, and says what it did.

Nothing heavy is imported before a verb needs it, so that ``--help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from equieval import __version__, cli_planning, cli_publication, cli_versions
from equieval.cli_publication import release_one
from equieval.errors import DesignError, EquievalError, InputError, ParametersError, did_you_mean
from equieval.terminal import Verbs, page_progress, say, say_json, warn
from equieval.threads import keep_to_one_thread

if TYPE_CHECKING:
    from equieval.runs import RunResult

app = typer.Typer(
    name="equieval",
    cls=Verbs,
    help="Evaluate health-equity interventions and publish the answers as a versioned site.\n\n"
    "An evaluation is a file in params/. The usual way: check, run, release, site. "
    "Start with: equieval demo",
    epilog="Exit codes: 0 done, 1 an evaluation failed, 2 bad input, 3 disclosure refused, "
    "4 not reproduced, 5 something needed is missing.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
T = TypeVar("T")
EXAMPLE = "stillbirth-care-bundle-england"  # What `demo` evaluates.

Evaluations = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[EVALUATION]...",
        help="Ids of evaluations or paths of their files; all of params/ when left out.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]
RendererName = Annotated[
    str, typer.Option("--renderer", help="auto (Quarto where it is), quarto, or pandoc.")
]
Jobs = Annotated[
    int | None,
    typer.Option("--jobs", "-j", min=1, help="Pages side by side; as many as cores if left out."),
]


@app.callback(invoke_without_command=True)
def root_command(
    version: Annotated[bool, typer.Option("--version", help="Say the version.")] = False,
) -> None:
    """Evaluate health-equity interventions and publish the answers as a versioned site."""
    if version:
        say(f"equieval {__version__}")
        raise typer.Exit


@app.command()
def check(evaluations: Evaluations = None, as_json: Json = False) -> None:
    """Check parameters, data and design; nothing is run or written."""
    from equieval.present.numbers import plain
    from equieval.protocol import load_evaluation, project_root
    from equieval.study.check import check as check_evaluation

    root = project_root()

    def one(path: Path) -> dict[str, object]:
        found = check_evaluation(load_evaluation(path), root, rehearsed=True)
        if not as_json:
            say(f"{found.id}: ready to run; the design: {found.level}")
            for source, rows in found.sources.items():
                say(f"  data {source}: " + ("records" if rows is None else f"{rows} rows"))
            for row in found.checks.to_dict("records"):
                found_words = plain(row["found"], row["counted"])
                say(f"  {row['criterion']}: {found_words}, {row['judgement']}")
            for words in (*found.left_out, *found.doubtful, *found.withheld):
                say(f"  {words}")
        return {
            "id": found.id,
            "level": found.level,
            "sources": found.sources,
            "checks": found.checks.to_dict("records"),
            "withheld": list(found.withheld),
            "left_out": list(found.left_out),
            "doubtful": list(found.doubtful),
        }

    done = _for_each(root, evaluations, one)
    if as_json:
        say_json(done)


@app.command()
def plan(evaluations: Evaluations = None, as_json: Json = False) -> None:
    """Say which pages a run would make anew, and why."""
    from equieval.protocol import project_root
    from equieval.runs import plan as plan_run

    root = project_root()

    def one(path: Path) -> dict[str, object]:
        pages = plan_run(root, path).pages
        if not as_json:
            say(f"{path.stem}: {sum(page.stale for page in pages)} of {len(pages)} pages to run")
            for page in pages:
                say(f"  {page.spec.slug}: {'; '.join(page.reasons) or 'up to date'}")
        return {
            "id": path.stem,
            "pages": [
                {"slug": page.spec.slug, "stale": page.stale, "reasons": list(page.reasons)}
                for page in pages
            ],
        }

    done = _for_each(root, evaluations, one)
    if as_json:
        say_json(done)


@app.command()
def run(
    evaluations: Evaluations = None,
    jobs: Jobs = None,
    force: Annotated[bool, typer.Option(help="Run every page, changed or not.")] = False,
    as_json: Json = False,
) -> None:
    """Run the pages that have changed; the others are kept."""
    from equieval.protocol import project_root

    root = project_root()

    def one(path: Path) -> dict[str, object]:
        result = _run_pages(root, path, jobs=jobs, force=force, silent=as_json)
        return {
            "id": path.stem,
            "pages": [
                {"slug": p.slug, "status": p.status, "seconds": round(p.seconds, 2)}
                for p in result.pages
            ],
        }

    done = _for_each(root, evaluations, one)
    if as_json:
        say_json(done)


@app.command()
def release(
    evaluations: Evaluations = None,
    renderer: RendererName = "auto",
    date: Annotated[
        str | None, typer.Option(help="Day of release, YYYY-MM-DD; today if left out.")
    ] = None,
    attribute: Annotated[
        bool,
        typer.Option(
            help="Rerun with one change at a time to say what moved the numbers since the "
            "version before, where more than one thing changed."
        ),
    ] = True,
    as_json: Json = False,
) -> None:
    """Freeze the pages as the next version, if the gate passes."""
    from equieval.protocol import project_root

    root = project_root()

    def one(path: Path) -> dict[str, object]:
        created, name, message = release_one(
            root, path, renderer, date=date, attribute=attribute, silent=as_json
        )
        if not as_json:
            say(message)
        return {"id": path.stem, "version": name, "created": created}

    done = _for_each(root, evaluations, one)
    if as_json:
        say_json(done)


@app.command()
def site(renderer: RendererName = "auto", as_json: Json = False) -> None:
    """Build the site around the released versions in _site/."""
    from equieval.protocol import project_root
    from equieval.site import build

    built = build(project_root(), renderer=renderer)
    if as_json:
        say_json({"path": _shown(built.path), "changed": built.changed, "pages": built.pages})
    else:
        say(_site_message(built.changed, built.pages, built.renderer))


@app.command()
def status(as_json: Json = False) -> None:
    """Say what is drafted, what is stale, what is released."""
    from equieval.protocol import project_root
    from equieval.releases.version import list_releases
    from equieval.runs import plan as plan_run

    root = project_root()

    def one(path: Path) -> dict[str, object]:
        stale = [page.spec.slug for page in plan_run(root, path).pages if page.stale]
        versions = list_releases(root, path.stem)
        if not as_json:
            say(path.stem)
            say(f"  draft: {'up to date' if not stale else 'to run: ' + ', '.join(stale)}")
            for version in versions:
                say(f"  {version.name}: {version.status}, {version.date} {version.label}".rstrip())
            if not versions:
                say("  no version released")
        return {
            "id": path.stem,
            "stale": stale,
            "versions": [
                {"version": v.version, "status": str(v.status), "date": v.date} for v in versions
            ],
        }

    done = _for_each(root, None, one)
    if as_json:
        say_json(done)


@app.command()
def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file.")
    ] = None,
) -> None:
    """Write the JSON Schema of parameters files, for editors."""
    from equieval.protocol.editor_schema import schema_text

    if output is None:
        say(schema_text().rstrip("\n"))
    elif not output.parent.is_dir():
        raise InputError(
            "there is no such folder", where=str(output.parent), remedy="make it first"
        )
    else:
        output.write_text(schema_text(), encoding="utf-8")
        say(f"wrote {output}")


@app.command()
def demo(
    jobs: Jobs = None,
    renderer: RendererName = "auto",
    portfolio: Annotated[bool, typer.Option(help="Every evaluation of params/.")] = False,
) -> None:
    """Do it all on the evaluation of real data, or on all of params/; say where the site is."""
    from equieval.protocol import load_evaluation, project_root
    from equieval.site import build
    from equieval.study.check import check as check_evaluation

    root = project_root()
    changed = False

    def one(path: Path) -> None:
        nonlocal changed
        found = check_evaluation(load_evaluation(path), root)
        say(f"Checked {found.title}")
        say(f"  the design: {found.level}")
        result = _run_pages(root, path, jobs=jobs, checked=True)
        changed = changed or any(page.status == "ran" for page in result.pages)
        created, _, message = release_one(root, path, renderer)
        changed = changed or created
        say(message[0].upper() + message[1:])

    example = (root / "params" / f"{EXAMPLE}.yaml").is_file()
    _for_each(root, [EXAMPLE] if example and not portfolio else None, one)
    built = build(root, renderer=renderer)
    say(_site_message(built.changed, built.pages, built.renderer))
    if not (changed or built.changed):
        say("Nothing has changed since the last time.")
    say()
    say(f"Look at it: open {_shown(built.path / 'index.html')} in a browser,")
    say(f"or serve it: {_python()} -m http.server --directory {_shown(built.path)}")


def _run_pages(
    root: Path,
    path: Path,
    *,
    jobs: int | None,
    force: bool = False,
    silent: bool = False,
    checked: bool = False,
) -> RunResult:
    """Run one evaluation with its progress shown; every failed page is named.

    What the data or the design cannot carry is told once, before any page runs.
    """
    from equieval.runs import plan as plan_run
    from equieval.runs import run as run_pages

    pages = plan_run(root, path).pages
    stale = sum(page.stale for page in pages) if not force else len(pages)
    title = f"Running {path.stem}: {stale} of {len(pages)} pages"
    if not stale:
        if not silent:
            say(f"{path.stem}: all {len(pages)} pages are up to date")
        return run_pages(root, path, jobs=jobs, progress=None, force=False)
    if not checked:
        from equieval.protocol import load_evaluation
        from equieval.study.check import check as check_evaluation

        check_evaluation(load_evaluation(path), root)
    with page_progress(title, len(pages), silent=silent) as progress:
        result = run_pages(root, path, jobs=jobs, progress=progress, force=force)
    result.raise_failures()
    return result


def _for_each(root: Path, names: Sequence[str] | None, one: Callable[[Path], T]) -> list[T]:
    """Do one thing for each evaluation; a failure is told at once, and the others go on.

    The exit code is that of the first failure.
    """
    done: list[T] = []
    failures: list[EquievalError] = []
    for path in _parameters_files(root, names):
        try:
            done.append(one(path))
        except EquievalError as error:
            failures.append(error)
            warn(str(_with_its_line(error, path)))
    if failures:
        raise typer.Exit(failures[0].exit_code)
    return done


def _with_its_line(error: EquievalError, path: Path) -> EquievalError:
    from equieval.study.places import placed

    return placed(error, path) if isinstance(error, DesignError) else error


def _parameters_files(root: Path, names: Sequence[str] | None) -> list[Path]:
    folder = root / "params"
    known = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    if not names:
        if not known:
            raise ParametersError(
                "there is no evaluation yet",
                where="params/",
                remedy="equieval new <id> begins one in params/<id>.yaml",
            )
        return list(known.values())
    files = []
    for name in names:
        path = Path(name)
        if path.suffix in (".yaml", ".yml") or os.sep in name:
            files.append(path)
        elif name in known:
            files.append(known[name])
        else:
            raise ParametersError(
                f"there is no evaluation '{name}'",
                where="params/",
                remedy=did_you_mean(name, known) if known else "params/ holds none",
            )
    return files


def _site_message(changed: bool, pages: int, renderer: str) -> str:
    if not changed:
        return "The site is up to date."
    return f"Built the site with {renderer}: {pages} pages."


def _shown(path: Path) -> str:
    """Return a path as the user would type it from where they stand."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _python() -> str:
    return _shown(Path(sys.executable)) if ".venv" in sys.executable else "python"


for _room in (cli_planning, cli_versions, cli_publication):
    _room.add_verbs(app)


def main() -> None:
    """Run the command line and leave with the exit code of what happened."""
    keep_to_one_thread()
    app()
