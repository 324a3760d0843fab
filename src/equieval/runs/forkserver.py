"""A process that has imported the scientific stack and forks a kernel per page.

Started as ``python -m equieval.runs.forkserver FD FOLDER``: ``FD`` is one end of a socket
pair on which it is asked for kernels, ``FOLDER`` holds their connection files. It only
imports: no query, no event loop, no thread, because a fork copies locks but not the
threads that hold them. Importing costs seconds, forking milliseconds.

One JSON object per line. Asked: ``{"launch": id, "argv": [...], "env": {...}, "cwd": path}``
or ``{"signal": number, "pid": pid}``. Answered: ``{"ready": []}`` once, with the names of
foreign threads if there are any (then no kernel may be forked); ``{"launched": id, "pid": pid}``;
``{"exited": pid, "code": code}``, where a negative code is the signal that ended the kernel.

When the other end closes, for whatever reason, every kernel is killed and the folder
removed: a run that is killed leaves no process behind.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRELOADED = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.debugger",
    "ipykernel.subshell_manager",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "numpy",
    "pandas",
    "scipy.stats",
    "scipy.optimize",
    "statsmodels.api",
    "statsmodels.formula.api",
    "linearmodels",
    "matplotlib.pyplot",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
    "duckdb",
    "pyarrow.parquet",
    "sqlalchemy",
    "pydantic",
    "yaml",
    "equieval.protocol",
    "equieval.methods",
    "equieval.disclosure",
    "equieval.data",
    "equieval.present",
    "equieval.present.figures",
    "equieval.present.tables",
    "equieval.present.narrative",
    "equieval.study",
    "equieval.study.page",
)

SERVER_ENVIRONMENT = {
    # Set before matplotlib is imported, as in every kernel.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    # The allocators inside pyarrow and polars start housekeeping threads on import.
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "_RJEM_MALLOC_CONF": "background_thread:false",
}

# Asleep from import on, holds no lock, serves a feature that no page uses (spilling to disk
# in polars, which statsmodels imports where it is installed).
SLEEPING_THREADS = ("polars-ooc-clea",)

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Launch:
    """A kernel that was asked for."""

    argv: list[str]
    env: dict[str, str]
    cwd: str


class ForkServer:
    """Forks kernels on request and reports how they ended."""

    def __init__(self, control: socket.socket, folder: Path) -> None:
        self._control = control
        self._folder = folder
        self._kernels: set[int] = set()
        self._unread = b""
        self._wakeup_reader, self._wakeup_writer = os.pipe()
        os.set_blocking(self._wakeup_writer, False)

    def serve(self) -> Launch | None:
        """Answer until the client goes away; in a forked child, return what to become."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        self._send({"ready": foreign_threads()})
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            selector.register(self._wakeup_reader, selectors.EVENT_READ)
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wakeup_reader in ready:
                    os.read(self._wakeup_reader, 4096)
                    self._reap()
                if self._control in ready:
                    requests = self._receive()
                    if requests is None:
                        break
                    for request in requests:
                        launch = self._answer(request)
                        if launch is not None:
                            return launch
        self._kill_everything()
        return None

    def _receive(self) -> list[dict[str, Any]] | None:
        try:
            received = self._control.recv(1 << 16)
        except ConnectionError:
            return None
        if not received:
            return None
        *lines, self._unread = (self._unread + received).split(b"\n")
        return [json.loads(line) for line in lines]

    def _send(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # a client that is gone is noticed by _receive
            self._control.sendall(json.dumps(message).encode() + b"\n")

    def _answer(self, request: dict[str, Any]) -> Launch | None:
        if "signal" in request:
            if request["pid"] in self._kernels:
                _signal_group(request["pid"], request["signal"])
            return None
        pid = os.fork()
        if pid == 0:
            self._forget()
            return Launch(request["argv"], request["env"], request["cwd"])
        os.setpgid(pid, pid)  # a group of its own, signalled with all that the page starts
        self._kernels.add(pid)
        self._send({"launched": request["launch"], "pid": pid})
        return None

    def _forget(self) -> None:
        """Drop what belongs to the server, in a child that has just been forked."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self._wakeup_reader)
        os.close(self._wakeup_writer)
        self._control.close()

    def _reap(self) -> None:
        while self._kernels:
            # Looked at before it is reaped, so that its number cannot be another's yet.
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            if ended is None:
                return
            _signal_group(ended.si_pid, signal.SIGKILL)  # processes that the page left behind
            _, status = os.waitpid(ended.si_pid, 0)
            self._kernels.discard(ended.si_pid)
            self._send({"exited": ended.si_pid, "code": os.waitstatus_to_exitcode(status)})

    def _kill_everything(self) -> None:
        for pid in self._kernels:
            _signal_group(pid, signal.SIGKILL)
        for pid in self._kernels:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        shutil.rmtree(self._folder, ignore_errors=True)


def _signal_group(pid: int, number: int) -> None:
    """Signal a kernel and the processes that it started."""
    try:
        os.killpg(pid, number)
    except OSError:
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def foreign_threads() -> list[str]:
    """Return the names of threads, other than this one, that a fork would leave behind."""
    if threading.active_count() > 1:
        return [thread.name for thread in threading.enumerate()[1:]]
    me = str(threading.get_native_id())
    tasks = [task for task in Path("/proc/self/task").iterdir() if task.name != me]
    names = [(task / "comm").read_text().strip() for task in tasks]
    return [name for name in names if name not in SLEEPING_THREADS]


def preload() -> None:
    """Import the stack; what cannot be imported is left for the page that needs it to report."""
    for name in PRELOADED:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # keeps the collector from copying the shared pages of memory in every child


def become_kernel(launch: Launch) -> None:
    """Turn this forked child into the kernel that ``python -m ipykernel_launcher`` would be."""
    server = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:  # the server ended before the line above took effect
        os._exit(1)
    os.environ.clear()
    os.environ.update(launch.env)
    os.chdir(launch.cwd)
    sys.argv = [sys.argv[0], *launch.argv]

    import numpy as np
    from ipykernel.kernelapp import IPKernelApp

    np.random.seed()  # the legacy generator must not start alike in every page
    app = IPKernelApp.instance(parent_handle=server)
    app.initialize(launch.argv)  # type: ignore[no-untyped-call]
    app.start()  # type: ignore[no-untyped-call]


def main() -> None:
    """Serve; a forked child leaves the server's loop and becomes a kernel."""
    control = socket.socket(fileno=int(sys.argv[1]))
    # As `ipykernel_launcher` does: the kernel adds the current folder itself.
    if sys.path[0] in ("", str(Path.cwd())):
        del sys.path[0]
    preload()
    launch = ForkServer(control, Path(sys.argv[2])).serve()
    if launch is not None:
        become_kernel(launch)


if __name__ == "__main__":
    main()
