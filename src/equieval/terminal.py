"""What the command line shows: a progress bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import typer


class PageProgress(Protocol):
    """Hears when a page starts and ends."""

    def started(self, slug: str) -> None:
        """A page begins to run."""

    def finished(self, slug: str, status: str, seconds: float) -> None:
        """A page has run, failed, or was kept as it was."""


def say(text: str = "", *, err: bool = False) -> None:
    """Write one line for a person."""
    typer.echo(text, err=err)


def say_json(value: Any) -> None:
    """Write one JSON document for a machine."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def warn(text: str) -> None:
    """Write an error for a person, red on a terminal."""
    typer.secho(text, fg=typer.colors.RED if sys.stderr.isatty() else None, err=True)


class Silent:
    """Hears and says nothing: for ``--json``."""

    def started(self, slug: str) -> None:
        """Say nothing."""

    def finished(self, slug: str, status: str, seconds: float) -> None:
        """Say nothing."""


class Lines:
    """One line for each page that ends."""

    def started(self, slug: str) -> None:
        """Say nothing yet: the line comes when the page ends."""

    def finished(self, slug: str, status: str, seconds: float) -> None:
        """Say how the page ended."""
        took = f" in {seconds:.1f} s" if status == "ran" else ""
        say(f"  {slug}: {status}{took}")


class Bar:
    """A bar over the pages of one evaluation, with the names of those that run."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task
        self._running: list[str] = []

    def started(self, slug: str) -> None:
        """Name the page beside the bar."""
        self._running.append(slug)
        self._bar.update(self._task, running=", ".join(self._running))

    def finished(self, slug: str, status: str, seconds: float) -> None:
        """Advance the bar; a failure stays visible above it."""
        if slug in self._running:
            self._running.remove(slug)
        if status == "failed":
            self._bar.console.print(f"  {slug}: failed", style="red", highlight=False)
        self._bar.update(self._task, advance=1, running=", ".join(self._running))


@contextmanager
def page_progress(title: str, pages: int, *, silent: bool = False) -> Iterator[PageProgress]:
    """Yield what shows the progress of an evaluation's pages on this output."""
    if silent:
        yield Silent()
    elif not sys.stdout.isatty():
        say(title)
        yield Lines()
    else:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[running]}", style="dim"),
        )
        with Progress(*columns) as bar:
            yield Bar(bar, bar.add_task(title, total=pages, running=""))
