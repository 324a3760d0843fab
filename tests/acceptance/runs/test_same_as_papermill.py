"""A page on a warm kernel has exactly the cell outputs of plain Papermill."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nbformat
import papermill
import pytest
from runs_project import notebook

from equieval.runs import Kernels
from equieval.runs.execute import PageError, execute_page

pytestmark = pytest.mark.slow

# Streams, results, displays, a figure, tables, updates of a display, and what a page can
# see of its process. Nothing here may depend on chance: that would differ anyway.
EVERY_KIND = (
    "# Words between the cells",
    "import sys\nprint('out')\nprint('err', file=sys.stderr)\nprint('out again')",
    "import subprocess, time\n"
    "_ = subprocess.run(['echo', 'from another process'])\ntime.sleep(0.5)",
    "import os\n_ = os.write(1, b'below Python\\n')\ntime.sleep(0.5)",
    "from IPython.display import HTML, Markdown, display\n"
    "display(Markdown('**words**'), HTML('<b>words</b>'))\n"
    "display({'text/markdown': 'raw', 'text/plain': 'raw'}, raw=True, metadata={'a': {'b': 1}})",
    "handle = display('first', display_id='fixed')\nhandle.update('second')",
    "import numpy as np\nimport pandas as pd\n"
    "frame = pd.DataFrame({'x': np.linspace(0, 1, 4), 'y': list('abcd')})\nframe",
    "import matplotlib\nimport matplotlib.pyplot as plt\n"
    "print(matplotlib.get_backend(), plt.isinteractive())\n"
    "figure, axes = plt.subplots()\naxes.plot(frame.x, frame.x**2, label='x²')\naxes.legend();",
    "plt.get_fignums(), dict(matplotlib.rcParams)['figure.dpi']",
    "figure, axes = plt.subplots(figsize=(3, 2))\naxes.bar([1, 2], [3, 4]);\n"
    "plt.show()\nprint('after')",
    "%matplotlib inline\n%config InlineBackend.figure_formats = ['svg']\n"
    "%config InlineBackend.print_figure_kwargs = {'metadata': {'Date': None}}\n"
    "matplotlib.rcParams['svg.hashsalt'] = 'fixed'\n"
    "axes = frame[['x']].plot();",
    "import warnings\nwarnings.warn('mind this', UserWarning)\nlen(frame)",
    "import statsmodels.api as sm\n"
    "fit = sm.OLS([1.0, 2.0, 2.5, 4.1], sm.add_constant([0.0, 1.0, 2.0, 3.0])).fit()\n"
    "fit.params.tolist(), fit.bse.tolist()",
    "import duckdb\nduckdb.sql('select 40 + 2 as answer').fetchall()",
    "import sys, threading, multiprocessing\n"
    "(__name__, sys.path[0], len(sys.argv), sys.stdin is None,\n"
    " os.getcwd() == os.path.abspath('.'),\n"
    " multiprocessing.current_process().name, threading.current_thread().name)",
    "%%javascript\n1",
    "_, In[1][:9], sorted(name for name in globals() if name[0] != '_')",
    "schema, design",
)
RAISES = (
    "def middle():\n    return {}['no such key']",
    "print('before')\nx = 1\nmiddle()",
    "print('never reached')",
)
SYNTAX = ("x = 1", "x = = 2")
LEAVES = ("print('before')", "raise SystemExit(3)", "print('never reached')")


def plain(page: nbformat.NotebookNode, root: Path, parameters: dict[str, Any]) -> Any:
    """The page under Papermill alone, as a user would run it in the project's folder."""
    source, target = root / "plain.ipynb", root / "executed.ipynb"
    nbformat.write(page, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EQUIEVAL_PAGE_DIR", str(root / "pages" / "page"))
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            patch.setenv(name, "1")
        try:
            papermill.execute_notebook(
                source, target, parameters=parameters, progress_bar=False, cwd=root
            )
        except papermill.PapermillExecutionError:
            return nbformat.read(target, as_version=4)
    return nbformat.read(target, as_version=4)


def cells(executed: nbformat.NotebookNode) -> list[tuple[str, Any, list[Any]]]:
    """Source, count and outputs of the code cells; IPython's file names hold the process id."""
    text = re.sub(r"ipykernel_\d+", "ipykernel_PID", nbformat.writes(executed))
    return [
        (cell.source, cell.execution_count, [dict(output) for output in cell.outputs])
        for cell in nbformat.reads(text, as_version=4).cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("warm", [True, False], ids=["forked", "plain kernels"])
def test_every_kind_of_output_is_that_of_plain_papermill(
    project: Path, kernels: Kernels, warm: bool
) -> None:
    page = notebook(*EVERY_KIND, blocks=("design",))
    parameters = {"schema": 1, "design": {"start": "2020-01", "seed": 7}}
    expected = plain(page, project, parameters)
    folder = project / "pages" / "page"
    folder.mkdir(parents=True)
    if warm:
        found = execute_page(page, parameters, page_folder=folder, root=project, kernels=kernels)
    else:
        with Kernels(warm=False) as spawned:
            found = execute_page(
                page, parameters, page_folder=folder, root=project, kernels=spawned
            )
    assert len(cells(found.notebook)) == len(EVERY_KIND) + 1  # one is words, two are parameters
    for (source, *after), (expected_source, *expected_after) in zip(
        cells(found.notebook), cells(expected), strict=True
    ):
        assert source == expected_source
        assert after == expected_after, source


@pytest.mark.parametrize("sources", [RAISES, SYNTAX, LEAVES], ids=["raises", "syntax", "exits"])
def test_a_page_that_raises_shows_the_error_of_plain_papermill(
    project: Path, kernels: Kernels, sources: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    from papermill import execute

    seen: list[nbformat.NotebookNode] = []
    raise_for_errors = execute.raise_for_execution_errors

    def look(executed: nbformat.NotebookNode, path: str | None) -> None:
        seen.append(executed)
        raise_for_errors(executed, path)

    page = notebook(*sources)
    expected = plain(page, project, {"schema": 1})
    monkeypatch.setattr(execute, "raise_for_execution_errors", look)
    with pytest.raises(PageError):
        execute_page(page, {"schema": 1}, page_folder=project, root=project, kernels=kernels)
    assert cells(seen[0]) == cells(expected)
