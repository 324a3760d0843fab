"""Runs: the pages of an evaluation through Papermill, side by side, into a draft.

>>> from equieval.runs import plan, run  # doctest: +SKIP
>>> for page in plan(root, path).stale:  # doctest: +SKIP
...     print(page.spec.title, page.reasons)
>>> run(root, path).raise_failures()  # doctest: +SKIP
"""

from equieval.runs.draft import EvaluationBusy, draft_folder
from equieval.runs.kernel import Kernels
from equieval.runs.plan import PagePlan, Plan, plan
from equieval.runs.run import PageResult, RunResult, run
from equieval.runs.schedule import PageEvent, Progress

__all__ = [
    "EvaluationBusy",
    "Kernels",
    "PageEvent",
    "PagePlan",
    "PageResult",
    "Plan",
    "Progress",
    "RunResult",
    "draft_folder",
    "plan",
    "run",
]
