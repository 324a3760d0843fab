"""``python -m equieval.site before|after ROOT``: the steps around a `quarto render` by hand.

`before` writes what the pages include; `after` adds the published versions to the output and
checks the whole site. `equieval site` does all of it by itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from equieval.errors import EquievalError, InputError
from equieval.site.checks import check_site, refuse
from equieval.site.finish import finish
from equieval.site.pages import write_generated
from equieval.site.project import read_project
from equieval.site.quarto import remove_extras
from equieval.site.search import write_search_index

OUTPUT_VARIABLE, FULL_RENDER_VARIABLE = "QUARTO_PROJECT_OUTPUT_DIR", "QUARTO_PROJECT_RENDER_ALL"


def run_step(step: str, root: Path) -> None:
    """Run one step; a partial render leaves what surrounds its pages alone."""
    if step == "before":
        write_generated(root)
    elif step == "after":
        if not os.environ.get(FULL_RENDER_VARIABLE):
            return
        project = read_project(root)
        output = root / (os.environ.get(OUTPUT_VARIABLE) or project.output)
        remove_extras(output)
        reports = finish(project, output)
        refuse(check_site(output), where=str(output))
        write_search_index(reports, output)
    else:
        raise InputError(f"no step '{step}'", remedy="before, or after")


def main(arguments: list[str]) -> int:
    """Run the step named by the arguments and return the exit code."""
    try:
        step, root = arguments
        run_step(step, Path(root).resolve())
    except EquievalError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
