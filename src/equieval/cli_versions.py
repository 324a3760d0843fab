"""The verbs about released versions: verify, compare and export.

As thin as the rest of the command line (`equieval.cli`), and like it without heavy imports
before a verb runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equieval.errors import InputError
from equieval.terminal import page_progress, say, say_json

if TYPE_CHECKING:
    from equieval.releases.attribution import Attribution
    from equieval.releases.compare import Comparison
    from equieval.releases.verification import Verification

_VERSION = re.compile(r"v?([1-9]\d{0,5})\Z")
_SHOWN = 20

Json = Annotated[bool, typer.Option("--json", help="Write JSON, for machines.")]
VersionName = Annotated[
    str | None, typer.Option("--version", help="Which version (2 or v2); the latest if left out.")
]
Target = Annotated[
    str,
    typer.Argument(
        metavar="EVALUATION|BUNDLE",
        help="Id of an evaluation, or the path of an exported bundle (.zip).",
    ),
]
EvaluationId = Annotated[str, typer.Argument(metavar="EVALUATION", help="Id of the evaluation.")]


def add_verbs(app: typer.Typer) -> None:
    """Add the verbs of this module to the command line."""
    for verb in (verify, rebuild, compare, export):
        app.command()(verb)


def verify(
    target: Target,
    version: VersionName = None,
    code: Annotated[
        str,
        typer.Option(help="Rerun with the package frozen in the version, or the current one."),
    ] = "frozen",
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with data that the version does not carry, laid out as here."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run code that a bundle brings, or that was altered.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the verdict here, as JSON.")
    ] = None,
    page: Annotated[Path | None, typer.Option(help="Write the verdict here, as HTML.")] = None,
    badge: Annotated[Path | None, typer.Option(help="Write a badge here, as SVG.")] = None,
    as_json: Json = False,
) -> None:
    """Rerun a released version and judge every number of it."""
    from equieval.releases.verification import verify_version

    if code not in ("frozen", "current"):
        raise InputError(
            f"there is no code '{code}'", where="--code", remedy="use frozen or current"
        )
    project = _project()
    with _version_folder(target, version, project) as (folder, brought):
        pages = len(list((folder / "notebooks").glob("*.ipynb")))
        with page_progress(f"Verifying {target}", pages, silent=as_json) as progress:
            found = verify_version(
                folder,
                code="current" if code == "current" else "frozen",
                project=project,
                data=data,
                brought=brought,
                trust=trust,
                progress=progress,
            )
        verdict = json.dumps(found.to_json(), indent=1, ensure_ascii=False, allow_nan=False)
        if output is not None:
            _write(output, f"{verdict}\n")
        if page is not None or badge is not None:
            from equieval.releases.verification_page import verification_badge, verification_page

            if page is not None:
                _write(page, verification_page(found))
            if badge is not None:
                _write(badge, verification_badge(found))
        if as_json:
            say(verdict)
        else:
            _say_verification(found)
        found.refuse()


def rebuild(
    target: Target,
    version: VersionName = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Use the page templates that a bundle brings.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make the pages of a version again and compare them byte for byte."""
    from equieval.releases.rebuild import rebuild as rebuild_pages
    from equieval.releases.version import Release
    from equieval.site import choose_renderer

    with _version_folder(target, version, _project()) as (folder, brought):
        if brought and not trust:
            raise InputError(
                "its pages are made by templates that the bundle brings, which can run programs",
                where=target,
                remedy="look at _theme/ in it, and pass --trust if you would use them",
            )
        renderer = choose_renderer(Release.load(folder).renderer, root=folder)
        found = rebuild_pages(folder, renderer)
        if as_json:
            say_json(found.to_json())
        elif found.same:
            name = f"{found.release.id} {found.release.name}"
            say(f"{name}: the same pages, made again with {found.renderer}")
            say(f"  pages {found.again}")
        found.refuse()


def compare(
    evaluation: EvaluationId,
    before: Annotated[str, typer.Argument(help="The earlier version: 1 or v1.")],
    after: Annotated[str, typer.Argument(help="The later version.")],
    attribute: Annotated[
        bool,
        typer.Option(help="Rerun with one thing changed at a time to see what moved the numbers."),
    ] = True,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder with data that the versions do not carry, laid out as here."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the comparison here, as JSON.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Put two versions side by side and say what moved the numbers."""
    from equieval.protocol import project_root
    from equieval.releases.attribution import attribute as attribute_changes
    from equieval.releases.compare import compare_releases
    from equieval.releases.version import find_release

    root = project_root()
    versions = [find_release(root, evaluation, version_number(name)) for name in (before, after)]
    comparison = compare_releases(*versions)
    attribution = None
    if attribute:
        step = (lambda words: None) if as_json else (lambda words: say(words, err=True))
        attribution = attribute_changes(*versions, data=data or root, step=step)
    found = {
        **comparison.to_json(),
        "attribution": None if attribution is None else attribution.to_json(),
    }
    text = json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False, default=str)
    if output is not None:
        _write(output, f"{text}\n")
    if as_json:
        say(text)
    else:
        _say_comparison(comparison, attribution)


def export(
    evaluation: EvaluationId,
    version: VersionName = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The bundle; <id>-vN.crate.zip if left out."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write a version as one file (RO-Crate) that others can verify."""
    from equieval.protocol import project_root
    from equieval.releases.crate import write_crate
    from equieval.releases.version import find_release

    release = find_release(project_root(), evaluation, version_number(version))
    target = output or Path(f"{release.id}-{release.name}.crate.zip")
    written = write_crate(release, target)
    if as_json:
        say_json({"id": release.id, "version": release.version, "path": str(written)})
    else:
        say(f"wrote {written} ({written.stat().st_size / 1e6:.1f} MB)")
        say(f"Whoever has it can say: equieval verify {written.name} --trust")


def _say_comparison(comparison: Comparison, attribution: Attribution | None) -> None:
    counts = ", ".join(f"{number} {kind}" for kind, number in comparison.counts().items())
    say(f"{comparison.before} → {comparison.after}: {counts}")
    for source, what in comparison.data.items():
        say(f"  data {source}: {what}")
    for parameter in comparison.parameters:
        say(f"  parameter {parameter.key}: {parameter.before!r} → {parameter.after!r}")
    for name, what in comparison.code.items():
        say(f"  code {name}: {what}")
    for name, (was, now) in comparison.environment.items():
        say(f"  package {name}: {was or 'not there'} → {now or 'not there'}")
    moved = comparison.estimates[comparison.estimates["change"] != "same"]
    rows = moved.sort_values("role", key=lambda role: role != "primary", kind="stable")
    effects = {} if attribution is None else _effects(attribution)
    for row in rows.head(_SHOWN).to_dict("records"):
        numbers = f"{row['estimate_before']:.6g} → {row['estimate_after']:.6g}"
        said = f"{row['change']} ({numbers})" if row["change"] == "changed" else row["change"]
        say(f"  {row['id']}: {said}{effects.get(row['id'], '')}")
    if len(rows) > _SHOWN:
        say(f"  … and {len(rows) - _SHOWN} more; --output writes them all")
    if attribution is not None:
        for words in attribution.unknown:
            say(f"  not known: {words}")
        if not attribution.reruns and not attribution.unknown:
            alone = attribution.changed[0] if attribution.changed else "the environment"
            say(f"Only {alone} can have moved the numbers; nothing was rerun for that.")


def _effects(attribution: Attribution) -> dict[str, str]:
    """Return what moved each estimate, in words, for those that moved."""
    names = [name for name in attribution.table.columns if name not in ("id", "difference")]
    return {
        row["id"]: "; " + ", ".join(f"{name} {row[name]:+.4g}" for name in names if row[name])
        for row in attribution.table.to_dict("records")
        if attribution.reruns and row["difference"]
    }


def _say_verification(found: Verification) -> None:
    counts = found.counts()
    if found.verdict is not None:
        say(
            f"{found.name}: {sum(counts.values())} estimates, "
            + ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
        )
    bad = [row for row in found.estimates() if row["suspected"]]
    for row in bad[:_SHOWN]:
        numbers = ""
        if row["published"] is not None and row["rerun"] is not None:
            numbers = f" ({row['field']}: {row['published']:.10g} → {row['rerun']:.10g})"
        say(f"  {row['id']}: {row['verdict']}{numbers}; suspected: {', '.join(row['suspected'])}")
    if len(bad) > _SHOWN:
        say(f"  … and {len(bad) - _SHOWN} more; --output writes them all")
    for heading, lines in (
        ("altered", found.alterations),
        ("failed", [f"{f.where}: {f.message}" for f in found.failures]),
        ("suspected", found.suspects),
        ("missing", found.missing),
        ("not rerun", found.blocked),
        ("other package versions", found.environment),
    ):
        for line in lines:
            say(f"  {heading}: {line}")
    say(f"{found.name}: {found.outcome}")


@contextmanager
def _version_folder(
    target: str, version: str | None, project: Path | None
) -> Iterator[tuple[Path, bool]]:
    """Give the folder of a version, and whether it came from elsewhere."""
    if target.endswith(".zip"):
        from equieval.releases.bundle import opened_bundle

        if version is not None:
            raise InputError(
                "a bundle holds one version", where="--version", remedy="leave the option out"
            )
        with opened_bundle(Path(target)) as folder:
            yield folder, True
        return
    from equieval.protocol import project_root
    from equieval.releases.version import find_release

    yield find_release(project or project_root(), target, version_number(version)).path, False


def _project() -> Path | None:
    """Return the project around, if there is one: a bundle can be verified anywhere."""
    from equieval.protocol import project_root

    try:
        return project_root()
    except InputError:
        return None


def version_number(version: str | None) -> int | None:
    """Return the number of a version as the user writes it: 2 or v2."""
    if version is None:
        return None
    matched = _VERSION.match(version)
    if matched is None:
        raise InputError(
            f"'{version}' is no version", where="--version", remedy="write it as 2 or v2"
        )
    return int(matched[1])


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
