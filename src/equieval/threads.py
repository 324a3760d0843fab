"""How many threads linear algebra takes: one.

Matrices here are small: a second thread costs more than it saves, many times over on a busy
machine, and sums keep their order on one.
"""

from __future__ import annotations

import os
from typing import Final

ONE_THREAD: Final = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


def keep_to_one_thread() -> None:
    """Ask for one thread where the user asks for no number; before numpy is first imported."""
    for name, number in ONE_THREAD.items():
        os.environ.setdefault(name, number)
