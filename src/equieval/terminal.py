"""What the command line shows, and how a verb ends.

A progress bar on a terminal, plain lines elsewhere; errors without a traceback, each with its
exit code.
"""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from equieval.errors import EnvironmentFault, EquievalError

if TYPE_CHECKING:
    from equieval.runs import PageEvent


def say(text: str = "", *, err: bool = False) -> None:
    """Write one line for a person."""
    typer.echo(text, err=err)


def say_json(value: Any) -> None:
    """Write one JSON document for a machine."""
    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True, default=str))


def warn(text: str) -> None:
    """Write an error for a person, red on a terminal."""
    typer.secho(text, fg=typer.colors.RED if sys.stderr.isatty() else None, err=True)


def plain_lines(event: PageEvent) -> None:
    """Write one line for each page that ends."""
    if event.kind == "finished":
        took = f" in {event.seconds:.1f} s" if event.status == "ran" and event.seconds else ""
        say(f"  {event.slug}: {event.status}{took}")


INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it."""

_FAULTS = {
    errno.ENOSPC: ("the disk is full", "make room and start again; nothing is half-written"),
    errno.EDQUOT: ("the disk quota is used up", "make room and start again"),
    errno.EACCES: ("this may not be written or read", "check its permissions"),
    errno.EROFS: ("the disk is read-only", "copy the project to a place that can be written"),
}


def fault_of_machine(error: OSError) -> EnvironmentFault | None:
    """Return what the machine refused, in words for a person; None for a defect of ours."""
    if error.errno not in _FAULTS:
        return None
    what, remedy = _FAULTS[error.errno]
    return EnvironmentFault(what, where=str(error.filename or ""), remedy=remedy)


class Verbs(TyperGroup):
    """The verbs; what goes wrong for a user is told without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run a verb and turn user errors and Ctrl-C into messages and exit codes."""
        try:
            return super().invoke(ctx)
        except EquievalError as error:
            warn(str(error))
            raise typer.Exit(error.exit_code) from error
        except OSError as error:
            fault = fault_of_machine(error)
            if fault is None:
                raise
            warn(str(fault))
            raise typer.Exit(fault.exit_code) from error
        except KeyboardInterrupt as interrupt:
            warn("Interrupted; nothing was left half-written.")
            raise typer.Exit(INTERRUPTED) from interrupt


class Bar:
    """A bar over the pages of one evaluation, with the names of those that run."""

    def __init__(self, bar: Any, task: Any) -> None:
        self._bar, self._task = bar, task
        self._running: list[str] = []

    def __call__(self, event: PageEvent) -> None:
        """Show a page that starts or ends; a failure stays visible above the bar."""
        if event.kind == "started":
            self._running.append(event.slug)
        elif event.slug in self._running:
            self._running.remove(event.slug)
        if event.status == "failed":
            self._bar.console.print(f"  {event.slug}: failed", style="red", highlight=False)
        self._bar.update(self._task, completed=event.done, running=", ".join(self._running))


@contextmanager
def page_progress(
    title: str, pages: int, *, silent: bool = False
) -> Iterator[Callable[[PageEvent], None] | None]:
    """Yield what shows the progress of an evaluation's pages on this output."""
    if silent:
        yield None
    elif not sys.stdout.isatty():
        say(title)
        yield plain_lines
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
