"""Find a Python that has equieval, for the scripts that Quarto runs.

Quarto starts project scripts with whatever Python it finds first. Where that one lacks the
package, the project's own environment takes over.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(step: str) -> None:
    """Run one step of the site build (``before`` or ``after``) and end with its exit code."""
    if os.environ.get("EQUIEVAL_SITE_BUILD"):
        return  # `equieval site` runs Quarto and does these steps itself
    candidates = [Path(sys.executable)] if importlib.util.find_spec("equieval") else []
    candidates += [ROOT / ".venv" / "bin" / "python", ROOT / ".venv" / "Scripts" / "python.exe"]
    for python in candidates:
        if python.exists():
            command = [str(python), "-m", "equieval.site", step, str(ROOT)]
            sys.exit(subprocess.run(command, check=False).returncode)  # noqa: S603 -- no shell
    sys.exit("equieval is not installed: run 'make demo' once, or activate its environment")
