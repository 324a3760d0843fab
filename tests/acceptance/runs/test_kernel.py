"""Warm kernels: forked from a parent that only imports, one process per page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from runs_project import notebook

from equieval.runs import Kernels
from equieval.runs.execute import PAGE_FOLDER_VARIABLE, ExecutedPage, PageError, execute_page
from equieval.runs.forkserver import PRELOADED

HERE = str(Path(__file__).parent)
WAITS = """\
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from runs_project import notebook
from equieval.runs import Kernels
from equieval.runs.execute import execute_page
cell = '''
import os, time
from pathlib import Path
Path("pids.tmp").write_text(f"{os.getppid()} {os.getpid()}")
os.rename("pids.tmp", "pids")
time.sleep(300)
'''
root = Path(sys.argv[1])
execute_page(notebook(cell), {"schema": 1}, page_folder=root, root=root, kernels=Kernels())
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def execute(project: Path, kernels: Kernels, *cells: str) -> ExecutedPage:
    return execute_page(
        notebook(*cells), {"schema": 1}, page_folder=project / "p", root=project, kernels=kernels
    )


def printed(page: ExecutedPage, cell: int = -1) -> str:
    return "".join(output.get("text", "") for output in page.notebook.cells[cell].outputs)


def gone(pid: int, seconds: float = 5.0) -> bool:
    """Whether a process ends within some seconds (a zombie has ended)."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.02)
    return False


@linux
def test_the_stack_is_imported_before_a_page_asks_for_it(project: Path, kernels: Kernels) -> None:
    assert kernels.warm
    page = execute(
        project, kernels, f"import sys\n[m for m in {PRELOADED!r} if m not in sys.modules]"
    )
    assert page.notebook.cells[-1].outputs[0].data["text/plain"] == "[]"


@linux
def test_the_parent_has_no_thread_that_a_fork_would_lose(project: Path, kernels: Kernels) -> None:
    page = execute(
        project,
        kernels,
        "import os\nfrom pathlib import Path\n"
        "for task in Path(f'/proc/{os.getppid()}/task').iterdir():\n"
        "    print((task / 'comm').read_text().strip())",
    )
    others = set(printed(page).split()) - {"polars-ooc-clea"}
    assert len(others) == 1, "one thread, the main one"


def test_nothing_leaks_from_one_page_to_another(project: Path, kernels: Kernels) -> None:
    execute(project, kernels, "import numpy\nnumpy.left_behind = 1\nimport os\nos.chdir('/')")
    page = execute(
        project, kernels, "import numpy, os\nprint(hasattr(numpy, 'left_behind'), os.getcwd())"
    )
    assert printed(page) == f"False {project}\n"


def test_pages_do_not_share_their_chance(project: Path, kernels: Kernels) -> None:
    draw = "import random, uuid\nimport numpy as np\n"
    draw += "print(np.random.random(), random.random(), uuid.uuid4())"
    first, second = (printed(execute(project, kernels, draw)).split() for _ in range(2))
    assert all(one != other for one, other in zip(first, second, strict=True))


def test_the_folder_of_a_page_is_told_to_its_own_kernel_only(
    project: Path, kernels: Kernels
) -> None:
    page = execute(project, kernels, f"import os\nprint(os.environ['{PAGE_FOLDER_VARIABLE}'])")
    assert printed(page) == f"{project / 'p'}\n"
    assert PAGE_FOLDER_VARIABLE not in os.environ


def test_the_folder_variable_is_the_one_that_pages_read() -> None:
    from equieval.study import page

    assert page.PAGE_FOLDER_VARIABLE == PAGE_FOLDER_VARIABLE


def test_pages_run_at_the_same_time(project: Path, kernels: Kernels) -> None:
    meet = (
        "import os, time\nfrom pathlib import Path\n"
        "Path(f'here-{os.getpid()}').touch()\n"
        "for _ in range(600):\n"
        "    if len(list(Path('.').glob('here-*'))) == 3: break\n"
        "    time.sleep(0.05)\n"
        "else:\n    raise RuntimeError('alone')"
    )
    with ThreadPoolExecutor(3) as pool:
        pages = list(pool.map(lambda _: execute(project, kernels, meet), range(3)))
    assert len(pages) == 3


@pytest.mark.parametrize("warm", [True, False], ids=["forked", "plain kernels"])
def test_a_killed_kernel_is_reported_with_its_cell_and_leaves_the_others_alone(
    project: Path, kernels: Kernels, warm: bool
) -> None:
    with Kernels(warm=False) as spawned:
        used = kernels if warm else spawned
        with ThreadPoolExecutor(2) as pool:
            killed = pool.submit(
                execute, project, used, "x = 1", "import os\nos.kill(os.getpid(), 9)"
            )
            other = pool.submit(execute, project, used, "import time\ntime.sleep(2)\nprint('done')")
            with pytest.raises(PageError) as failure:
                killed.result()
            assert failure.value.cell == 3
            assert "killed (signal 9)" in failure.value.message
            assert "Traceback" not in failure.value.message
            assert printed(other.result()) == "done\n"


def test_a_kernel_that_ends_itself_is_reported(project: Path, kernels: Kernels) -> None:
    with pytest.raises(PageError) as failure:
        execute(project, kernels, "import os\nos._exit(4)")
    assert failure.value.message == "the page's kernel ended by itself (exit code 4)"
    assert failure.value.cell == 2


@linux
def test_what_a_page_leaves_running_ends_with_it(project: Path, kernels: Kernels) -> None:
    page = execute(
        project, kernels, "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)"
    )
    assert gone(int(printed(page)))


@linux
def test_leaving_ends_parent_and_kernels_and_removes_their_folder(project: Path) -> None:
    with Kernels() as own:
        page = execute(project, own, "import os\nprint(os.getppid(), os.getpid())")
        folder = own._folder
    assert all(gone(int(pid)) for pid in printed(page).split())
    assert not folder.exists()


@linux
def test_without_the_warm_parent_pages_run_on_plain_kernels(project: Path) -> None:
    with Kernels() as own:
        page = execute(project, own, "import os\nprint(os.getppid())")
        parent = int(printed(page))
        os.kill(parent, signal.SIGKILL)
        assert gone(parent)
        page = execute(project, own, "import os\nprint(os.getppid())")
        assert int(printed(page)) == os.getpid()
        assert not own.warm


@linux
@pytest.mark.slow
@pytest.mark.parametrize("lost", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_leaves_no_process_behind(project: Path, lost: signal.Signals) -> None:
    with subprocess.Popen([sys.executable, "-c", WAITS, str(project), HERE]) as run:
        until = time.monotonic() + 60
        while not (project / "pids").exists():
            assert time.monotonic() < until
            assert run.poll() is None
            time.sleep(0.05)
        run.send_signal(lost)
        run.wait(10)
    assert all(gone(int(pid)) for pid in (project / "pids").read_text().split())
