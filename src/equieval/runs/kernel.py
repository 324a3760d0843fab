"""Kernels for pages: one process each, forked from a warm parent where that is possible.

On Linux the kernels come from `equieval.runs.forkserver`, which has imported the
scientific stack once. Elsewhere, and where forking would not be safe, each page gets a
plain ``ipykernel``; only the waiting differs. Either way a page runs on the interpreter
that planned it, on one BLAS thread, and talks to its kernel over local sockets.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, InvalidStateError
from pathlib import Path
from types import TracebackType
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from equieval.runs.forkserver import SERVER_ENVIRONMENT
from equieval.threads import ONE_THREAD

KERNEL_NAME = "python3"
PYTHON = (sys.executable, "-Xfrozen_modules=off")  # as ipykernel's own kernel specification
_LONGEST_SOCKET_FOLDER = 80  # a Unix socket's path has room for 107 bytes
_IMPORT_TIMEOUT = 120.0
_LEAVE_TIMEOUT = 5.0
_ENDED_WITH_PARENT = -9  # the exit code of a kernel whose parent is gone


class ForkServerError(RuntimeError):
    """The warm parent ended while it was needed."""


class ForkClient:
    """Our end of the conversation with the fork server; safe to use from many threads."""

    def __init__(self, folder: Path) -> None:
        ours, theirs = socket.socketpair()
        self._control = ours
        self._sending = threading.Lock()
        self._numbers = itertools.count()
        self._launches: dict[int, Future[int]] = {}
        self._exits: dict[int, Future[int]] = {}
        self._ready: Future[list[str]] = Future()
        self._lost = False
        environment = {**os.environ, **ONE_THREAD, **SERVER_ENVIRONMENT}
        arguments = [*PYTHON, "-m", "equieval.runs.forkserver"]
        self._process = subprocess.Popen(  # noqa: S603 (our own module, our own interpreter)
            [*arguments, str(theirs.fileno()), str(folder)],
            pass_fds=[theirs.fileno()],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C in the terminal is for us to pass on
        )
        theirs.close()
        threading.Thread(target=self._listen, name="fork server", daemon=True).start()

    def usable(self) -> bool:
        """Wait until the stack is imported; tell whether forking it is safe."""
        try:
            return self._ready.result(timeout=_IMPORT_TIMEOUT) == [] and not self._lost
        except (ForkServerError, TimeoutError):
            return False

    def launch(self, argv: list[str], env: dict[str, str], cwd: str) -> ForkedKernel:
        """Fork a kernel.

        Raises
        ------
        ForkServerError : the server has ended.
        """
        number, launched = next(self._numbers), Future[int]()
        self._launches[number] = launched
        if self._lost:
            raise ForkServerError
        self._send({"launch": number, "argv": argv, "env": env, "cwd": cwd})
        return ForkedKernel(self, launched.result(timeout=_IMPORT_TIMEOUT))

    def signal(self, pid: int, number: int) -> None:
        """Signal a kernel and what it started; one that has ended is left alone."""
        with contextlib.suppress(ForkServerError):
            self._send({"signal": int(number), "pid": pid})

    def ended(self, pid: int) -> Future[int]:
        """Return the exit code that a kernel will have."""
        ended = self._exits.setdefault(pid, Future())
        if self._lost:
            _settle(ended, _ENDED_WITH_PARENT)
        return ended

    def hang_up(self) -> None:
        """End the conversation, upon which the server kills every kernel and ends."""
        if not self._ready.done():  # still importing: it has no kernels and does not listen
            self._process.kill()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Hang up and wait until the server has ended."""
        self.hang_up()
        try:
            self._process.wait(_LEAVE_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control.close()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            with self._sending:
                self._control.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            raise ForkServerError from error

    def _listen(self) -> None:
        with contextlib.suppress(OSError), self._control.makefile("rb") as lines:
            for line in lines:
                match json.loads(line):
                    case {"ready": threads}:
                        self._ready.set_result(threads)
                    case {"launched": number, "pid": pid}:
                        self._launches.pop(number).set_result(pid)
                    case {"exited": pid, "code": code}:
                        _settle(self.ended(pid), code)
        self._lost = True
        lost = ForkServerError()
        if not self._ready.done():
            self._ready.set_exception(lost)
        for launched in list(self._launches.values()):
            launched.set_exception(lost)
        for ended in list(self._exits.values()):
            _settle(ended, _ENDED_WITH_PARENT)


def _settle(future: Future[int], value: int) -> None:
    """Set a result; the first to set it wins."""
    with contextlib.suppress(InvalidStateError):
        future.set_result(value)


class ForkedKernel:
    """A kernel of the fork server, as a `subprocess.Popen` would present it."""

    stdin = stdout = stderr = None

    def __init__(self, client: ForkClient, pid: int) -> None:
        self.pid = pid
        self._client = client
        self._ended = client.ended(pid)

    def poll(self) -> int | None:
        """Return the exit code, or None while the kernel runs."""
        return self._ended.result() if self._ended.done() else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the exit code."""
        return self._ended.result(timeout)

    def send_signal(self, number: int) -> None:
        """Signal the kernel and what it started."""
        self._client.signal(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


class ForkProvisioner(LocalProvisioner):
    """Jupyter's seam for where kernels come from: here, from the fork server."""

    client: ForkClient

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork the kernel that ``cmd`` (``python -m ipykernel_launcher …``) names."""
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        try:
            kernel = self.client.launch(arguments, dict(kwargs["env"]), str(kwargs["cwd"]))
        except ForkServerError:  # it has just ended: a plain kernel will do
            return await super().launch_kernel(cmd, **kwargs)
        self.process = kernel  # type: ignore[assignment]
        self.pid = kernel.pid
        self.cwd = kwargs["cwd"]
        return self.connection_info


class PageClient(AsyncKernelClient):
    """Talks to the kernel of a page, without the heartbeat.

    Whether the kernel lives is known from its process. The heartbeat's thread would open a
    new socket just when the kernel has died, and closing the connection could then wait for
    that socket for ever.
    """

    def start_channels(
        self,
        shell: bool = True,
        iopub: bool = True,
        stdin: bool = True,
        hb: bool = True,
        control: bool = True,
    ) -> None:
        """Open every channel but the heartbeat."""
        super().start_channels(shell=shell, iopub=iopub, stdin=stdin, hb=False, control=control)


class PageKernel(AsyncKernelManager):
    """Starts, watches and ends the kernel of one page.

    Attributes
    ----------
    page_environment : added to the environment of this kernel only.
    folder : the folder that the kernel starts in.
    called_off : set when no kernel may start any more.
    """

    page_environment: dict[str, str]
    folder: Path
    called_off: threading.Event
    _process: Any = None

    async def _async_start_kernel(self, **kwargs: Any) -> None:
        if self.called_off.is_set():
            raise RuntimeError("the run was called off")
        environment = {**os.environ, **ONE_THREAD, **self.page_environment}
        kwargs |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        await super()._async_start_kernel(env=environment, cwd=str(self.folder), **kwargs)
        self._process = getattr(self.provisioner, "process", None)
        if self.called_off.is_set():
            self.end()

    start_kernel = _async_start_kernel

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative for a signal; None while the kernel runs."""
        return None if self._process is None else self._process.poll()

    def end(self) -> None:
        """Kill the kernel, from whatever thread."""
        if self._process is None or self._process.poll() is not None:
            return
        group = getattr(self.provisioner, "pgid", None)
        with contextlib.suppress(OSError):
            if group:
                os.killpg(group, signal.SIGKILL)
            else:
                self._process.kill()


class Kernels:
    """The kernels of a run. A context: leaving it ends them all.

    Parameters
    ----------
    warm : fork from a parent that has imported the stack. By default where the system can.

    May serve several runs one after the other, which then share the warm parent.
    """

    def __init__(self, *, warm: bool | None = None) -> None:
        self._warm = sys.platform == "linux" if warm is None else warm
        self._folder = Path(tempfile.mkdtemp(prefix="equieval-"))
        self._sockets = sys.platform != "win32" and len(str(self._folder)) <= _LONGEST_SOCKET_FOLDER
        self._client: ForkClient | None = None
        self._numbers = itertools.count()
        self._starting = threading.Lock()
        self._live: list[PageKernel] = []
        self._called_off = threading.Event()

    def __enter__(self) -> Kernels:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end_all()
        if self._client is not None:
            self._client.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Begin importing the stack in the background, if kernels are to be forked."""
        with self._starting:
            if self._warm and self._client is None:
                self._client = ForkClient(self._folder)

    @property
    def warm(self) -> bool:
        """Whether pages get forked kernels; waits until the stack is imported."""
        self.start()
        return self._client is not None and self._client.usable()

    def for_page(self, folder: Path, environment: dict[str, str]) -> PageKernel:
        """Return the manager of a new kernel that starts in ``folder`` (not started yet)."""
        manager = PageKernel(
            kernel_name=KERNEL_NAME,
            connection_file=str(self._folder / f"{next(self._numbers)}.json"),
            transport="ipc" if self._sockets else "tcp",
            client_factory=PageClient,
        )
        # This interpreter, whatever kernels the user has installed under the same name.
        command = [*PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = KernelSpec(argv=command, display_name="Python 3", language="python")
        manager._kernel_spec = spec
        manager.page_environment = environment
        manager.folder = folder
        manager.called_off = self._called_off
        manager.kernel_id = Path(manager.connection_file).stem
        provisioner = ForkProvisioner if self.warm else LocalProvisioner
        manager.provisioner = provisioner(
            kernel_id=manager.kernel_id, kernel_spec=spec, parent=manager
        )
        if isinstance(manager.provisioner, ForkProvisioner) and self._client is not None:
            manager.provisioner.client = self._client
        self._live.append(manager)
        return manager

    def forget(self, manager: PageKernel) -> None:
        """Let go of a kernel that has ended."""
        with contextlib.suppress(ValueError):
            self._live.remove(manager)

    def end_all(self) -> None:
        """Kill every kernel and start no more; the pages on them then fail."""
        self._called_off.set()
        for manager in list(self._live):
            manager.end()
        if self._client is not None:
            self._client.hang_up()
