"""One page through Papermill, on a kernel of its own."""

from __future__ import annotations

import logging
import re
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import equieval.errors
from equieval.runs.notebooks import INJECTED_TAG, has_tag

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from equieval.runs.kernel import Kernels, PageKernel

PAGE_FOLDER_VARIABLE = "EQUIEVAL_PAGE_DIR"  # read by `equieval.study.page`
_LONGEST_MESSAGE = 600
_START_TIMEOUT = 120  # seconds; a machine under load may take long to start a plain kernel
_ENGINE = "equieval"
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_FAILING_LINE = re.compile(r"^-+> *\d+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class ExecutedPage:
    """A page that ran to its end: the executed notebook and the seconds that it took."""

    notebook: NotebookNode
    seconds: float


class PageError(Exception):
    """A page raised or was killed.

    Attributes
    ----------
    cell : position of the cell in the notebook as committed, counting every cell from 1;
        None when the page did not get as far as a cell.
    message : what was raised, without traceback.
    line : the line of the cell that raised, as far as it is known.
    seconds : how long the page ran.
    """

    def __init__(self, cell: int | None, message: str, line: str, seconds: float) -> None:
        super().__init__(message)
        self.cell = cell
        self.message = message
        self.line = line
        self.seconds = seconds


def execute_page(
    notebook: NotebookNode,
    parameters: dict[str, Any],
    *,
    page_folder: Path,
    root: Path,
    kernels: Kernels,
) -> ExecutedPage:
    """Run one notebook with Papermill and return it executed.

    Parameters
    ----------
    notebook : the notebook as committed; it is not changed.
    parameters : injected as they are, as ``papermill -f`` would.
    page_folder : where the page writes; told to its kernel alone.
    root : the project's folder, in which the kernel starts.
    kernels : where the kernel comes from.

    Raises
    ------
    PageError : a cell raised, or the kernel died.
    """
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from papermill.execute import execute_notebook

    _register_engine()
    kernel = kernels.for_page(root, {PAGE_FOLDER_VARIABLE: str(page_folder)})
    started = time.perf_counter()
    reached: list[int] = []
    try:
        executed = execute_notebook(
            notebook,
            None,
            parameters=parameters,
            engine_name=_ENGINE,
            kernel_name=kernel.kernel_name,
            language="python",
            progress_bar=False,
            start_timeout=_START_TIMEOUT,
            kernel=kernel,
            reached=reached,
        )
    except PapermillExecutionError as error:
        message = _what_was_raised(error.ename, error.evalue)
        line = _failing_line(error.traceback, error.source)
        cell = _committed_position(notebook, error.cell_index)
        raise PageError(cell, message, line, time.perf_counter() - started) from None
    except (DeadKernelError, RuntimeError, OSError) as error:
        message = _how_the_kernel_ended(kernel, error)
        at = _committed_position(notebook, reached[-1]) if reached else None
        raise PageError(at, message, "", time.perf_counter() - started) from None
    finally:
        kernel.end()
        kernels.forget(kernel)
    return ExecutedPage(executed, time.perf_counter() - started)


def _register_engine() -> None:
    """Give Papermill an engine like its own that takes the kernel which it is handed."""
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.log import logger

    if _ENGINE in papermill_engines._engines:
        return

    class PageEngine(NBClientEngine):  # type: ignore[misc]
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            *,
            kernel: PageKernel,
            reached: list[int],
            start_timeout: int,
            **_: Any,
        ) -> None:
            client = PapermillNotebookClient(
                nb_man,
                km=kernel,
                kernel_name=kernel_name,
                startup_timeout=start_timeout,
                timeout=None,
                shutdown_kernel="immediate",
                record_timing=False,
                log=logger,
                on_cell_execute=lambda cell, cell_index: reached.append(cell_index),
            )
            client.owns_km = True  # so that it ends the kernel and closes its sockets
            client.execute()

    papermill_engines.register(_ENGINE, PageEngine)
    # What Papermill logs (a dead kernel, for one) is in the page's result already.
    logger.setLevel(logging.CRITICAL + 1)


def _committed_position(notebook: NotebookNode, executed_index: int) -> int:
    """Number a cell of the executed notebook as the committed one has it, from 1."""
    if any(has_tag(cell, INJECTED_TAG) for cell in notebook.cells):
        return executed_index + 1
    tagged = [i for i, cell in enumerate(notebook.cells) if has_tag(cell, "parameters")]
    injected_index = tagged[0] + 1 if tagged else 0
    return executed_index + 1 if executed_index < injected_index else max(1, executed_index)


def _what_was_raised(name: str, value: str) -> str:
    """Our own errors say it all themselves; of others, the last line of the traceback."""
    ours = getattr(equieval.errors, name, None)
    if isinstance(ours, type) and issubclass(ours, equieval.errors.EquievalError):
        return value
    text = textwrap.shorten(value, _LONGEST_MESSAGE, placeholder=" …")
    return f"{name}: {text}" if text else name


def _failing_line(traceback: list[str], source: str) -> str:
    """Return the line of the cell that raised: the first frame of IPython's traceback."""
    text = _COLOURS.sub("", "\n".join(traceback))
    cell_frame = text[text.find("Cell In") :]
    marked = _FAILING_LINE.search(cell_frame)
    if marked:
        return marked.group(1).strip()
    return next((line.strip() for line in source.splitlines() if line.strip()), "")


def _how_the_kernel_ended(kernel: PageKernel, error: Exception) -> str:
    code = kernel.exit_code
    if code is None:
        return f"the page's kernel could not be used: {type(error).__name__}: {error}"
    if code == -9:
        return "the page's kernel was killed (signal 9); the system does this when memory runs out"
    if code < 0:
        return f"the page's kernel died of signal {-code}"
    return f"the page's kernel ended by itself (exit code {code})"
