"""Whether what must stay private was given to version control."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from equieval.disclosure.ledger import PRIVATE
from equieval.releases.layout import REPORTS
from equieval.releases.record import Finding

_TIME = 60.0


def tracked_findings(root: Path, evaluation_id: str, *, drafts: bool) -> Iterator[Finding]:
    """Yield private files and drafts that git holds, now or in any commit of any branch.

    Parameters
    ----------
    root : the project's folder; one that is under no version control gives nothing.
    evaluation_id : whose draft.
    drafts : whether drafts are private too (they are, unless the data are open).
    """
    if not any((folder / ".git").exists() for folder in (root, *root.parents)):
        return
    if shutil.which("git") is None:
        yield Finding("git is not there, so it cannot be said what was committed", ".git")
        return
    places = [PRIVATE.as_posix()]
    if drafts:
        places += [f"{REPORTS}/{evaluation_id}/draft", f"{REPORTS}/{evaluation_id}/scratch"]
    for place in places:
        if _git(root, "ls-files", "--", place):
            message = "it is under version control; take it out and add it to .gitignore"
            yield Finding(message, place)
        elif _git(root, "log", "--all", "--max-count=1", "--format=%h", "--", place):
            message = "it was committed to git; rewrite the history before anything is published"
            yield Finding(message, place)


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 -- fixed program, no shell
        ["git", "-C", str(root), *arguments],  # noqa: S607 -- the user's own git
        capture_output=True,
        text=True,
        timeout=_TIME,
        check=False,
    )
    # A repository without a commit has no log; whatever else fails must not pass unseen.
    if done.returncode and "does not have any commits" not in done.stderr:
        return done.stderr or "git failed"
    return done.stdout.strip()
