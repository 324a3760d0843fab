"""How soon `--help` answers, against what a Python that only imports Typer takes.

    python tests/benchmarks/help_speed.py [--repeats N]

Every command is asked for its help in a fresh process; beside it, in the same run, a process
that imports Typer and ends, and one that imports pandas. Prints the processor seconds (the
smallest of the repeats) and the ratios as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys

import typer

from equieval.cli import app


def seconds(arguments: list[str], repeats: int) -> float:
    """Processor seconds of a fresh Python with these arguments: the smallest of the repeats."""
    spent = []
    for _ in range(repeats):
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime)
    return min(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    typer_alone = seconds(["-c", "import typer"], repeats)
    pandas_alone = seconds(["-c", "import pandas"], repeats)
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    helped = {name: seconds(["-m", "equieval", name, "--help"], repeats) for name in commands}
    slowest = max(helped, key=lambda name: helped[name])
    told = {
        "seconds": {"import typer": typer_alone, "import pandas": pandas_alone} | helped,
        "slowest": slowest,
        "slowest against import typer": round(helped[slowest] / typer_alone, 2),
        "slowest against import pandas": round(helped[slowest] / pandas_alone, 2),
    }
    sys.stdout.write(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
