"""The verbs about what is published: register, withdraw and publish.

As thin as the rest of the command line (`equieval.cli`), and like it without heavy imports
before a verb runs.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from equieval.cli_versions import EvaluationId, Json, version_number
from equieval.errors import InputError, ParametersError, did_you_mean
from equieval.terminal import say, say_json

if TYPE_CHECKING:
    from equieval.releases.attribution import Attribution
    from equieval.releases.version import Release

RendererName = Annotated[
    str, typer.Option("--renderer", help="auto (Quarto where it is), quarto, or pandoc.")
]


def add_verbs(app: typer.Typer) -> None:
    """Add the verbs of this module to the command line."""
    for verb in (register, withdraw, publish):
        app.command()(verb)


def register(
    evaluation: EvaluationId,
    public_id: Annotated[
        str, typer.Option(help="Its identifier in a public register, where it is in one.")
    ] = "",
    timestamp: Annotated[
        str, typer.Option(help="Reference of an external timestamp over the protocol's digest.")
    ] = "",
    data_seen: Annotated[
        str, typer.Option(help="What you have seen of the data so far, in your words.")
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say the protocol's digest and write nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Freeze the protocol before the outcome data are read, once."""
    from equieval.protocol import load_evaluation, project_root
    from equieval.protocol.registration import in_words
    from equieval.releases.preregistration import preregister

    root = project_root()
    found = preregister(
        root,
        load_evaluation(parameters_file(root, evaluation)),
        date=_today(),
        data_seen=data_seen,
        timestamp=timestamp,
        public_id=public_id,
        dry_run=dry_run,
    )
    if as_json:
        say_json(found.model_dump(mode="json", exclude={"protocol"}))
        return
    said = "would be registered" if dry_run else in_words(found)
    say(f"{evaluation}: {said}")
    say(f"  protocol {found.digest}")
    say(f"  data seen: {found.data_seen}")
    if not dry_run:
        say(f"Commit params/registrations/{evaluation}.json; it is never changed.")


def withdraw(
    evaluation: EvaluationId,
    version: Annotated[str, typer.Argument(help="The version to withdraw: 1 or v1.")],
    reason: Annotated[str, typer.Option(help="Why, in words for readers.")],
    erase: Annotated[
        bool, typer.Option("--erase", help="Do not keep the files among the private ones.")
    ] = False,
    renderer: RendererName = "auto",
    as_json: Json = False,
) -> None:
    """Take a version out of publication; a tombstone says why."""
    from equieval.protocol import project_root
    from equieval.releases.withdrawal import withdraw as withdraw_version
    from equieval.site import choose_renderer

    root = project_root()
    number = version_number(version)
    done = withdraw_version(
        root,
        evaluation,
        0 if number is None else number,
        reason=reason,
        date=_today().isoformat(),
        renderer=choose_renderer(renderer),
        erase=erase,
    )
    kept = None if done.kept is None else done.kept.relative_to(root).as_posix()
    if as_json:
        say_json({"id": done.release.id, "version": done.release.version, "kept": kept})
        return
    say(f"withdrew {done.release.id} {done.release.name}")
    say(f"  its files are {f'kept in {kept}, which is not published' if kept else 'erased'}")
    say("Publish again to take them off the site. The history of a repository keeps them.")


def publish(
    to: Annotated[
        str,
        typer.Option(
            help="A folder, a zip file (site.zip), a branch (branch:gh-pages), or an "
            "S3-compatible bucket (s3://bucket/prefix)."
        ),
    ],
    remote: Annotated[
        str, typer.Option(help="Where to push a branch; empty keeps it in this repository.")
    ] = "origin",
    endpoint: Annotated[
        str | None,
        typer.Option(help="Address of the bucket's service; AWS_ENDPOINT_URL if left out."),
    ] = None,
    renderer: RendererName = "auto",
    as_json: Json = False,
) -> None:
    """Build the site, check it, and put it in place: the old site stands until the new one does."""
    from equieval.protocol import project_root
    from equieval.releases.publish import publish_folder, publish_zip
    from equieval.releases.site_gate import privates_of, refuse_leaks
    from equieval.site import build

    scheme, _, name = to.partition(":")
    if "://" in to and scheme != "s3":
        raise InputError(
            f"this version cannot publish to {scheme}",
            where=to,
            remedy="publish to a folder and copy it there, versions.json and versions.js last",
        )
    if endpoint is not None and scheme != "s3":
        raise InputError(
            "only a bucket has an endpoint", where="--endpoint", remedy="leave the option out"
        )
    if scheme == "s3":
        from equieval.releases.publish_bucket import S3Store, publish_bucket

        bucket = S3Store.at(to, endpoint)  # told before a site is built for nothing
    root = project_root()
    site = build(root, renderer=renderer).path
    written = [*(root / "params").glob("*.yaml"), root / "_quarto.yml"]
    privates, absent = privates_of(root)
    stated = "\n".join(path.read_text(encoding="utf-8") for path in written)
    refuse_leaks(site, root, stated=stated, privates=privates)
    for name in absent if not as_json else ():
        say(f"{name}: its exact counts are not here; its files are as they were judged at release")
    if scheme == "branch":
        from equieval.releases.publish_branch import publish_branch

        done = publish_branch(site, root, name, remote=remote or None)
    elif scheme == "s3":
        done = publish_bucket(site, to, store=bucket)
    elif to.endswith(".zip"):
        done = publish_zip(site, Path(to))
    else:
        done = publish_folder(site, Path(to))
    if as_json:
        say_json({"target": done.target, "changed": done.changed, "files": done.files})
    elif done.changed:
        say(f"published {done.files} files to {done.target}")
    else:
        say(f"{done.target} is up to date")


def release_one(
    root: Path,
    parameters: Path,
    renderer: str,
    *,
    date: str | None = None,
    attribute: bool = True,
    silent: bool = False,
) -> tuple[bool, str, str]:
    """Release one evaluation; return whether it is new, its version, and what to say."""
    from equieval.protocol import load_evaluation
    from equieval.releases.attribution import attribute as what_moved
    from equieval.releases.store import release
    from equieval.runs import plan
    from equieval.site import choose_renderer

    evaluation = load_evaluation(parameters)
    # Where data are not open, only what the versions themselves carry is run again.
    data = root if all(source.open for source in evaluation.data.sources) else None

    def moved(before: Release, after: Release) -> Attribution:
        return what_moved(before, after, data=data, step=lambda w: None if silent else say(w))

    outcome = release(
        root,
        evaluation,
        plan=plan(root, parameters),
        renderer=choose_renderer(renderer),
        date=date,
        attribute=moved if attribute else None,
    )
    return outcome.created, outcome.release.name, outcome.message


def parameters_file(root: Path, evaluation: str) -> Path:
    """Return the parameters file of one evaluation, which is named by its id or its path."""
    if evaluation.endswith((".yaml", ".yml")):
        return Path(evaluation)
    path = root / "params" / f"{evaluation}.yaml"
    if not path.is_file():
        known = [found.stem for found in (root / "params").glob("*.yaml")]
        raise ParametersError(
            f"there is no evaluation '{evaluation}'",
            where="params/",
            remedy=did_you_mean(evaluation, known) if known else "params/ holds none",
        )
    return path


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()
