"""Publishing to a branch of a git repository, as web hosts serve it (``gh-pages``).

The branch is one commit without a history: what was withdrawn is not kept in it. Its files are
written to the repository's own store first; then the branch moves, in one step. Nothing of the
work tree, of its index or of an unfinished merge takes part, and neither do hooks, filters,
attributes or ignore rules of the repository: what is published is the site, byte for byte.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from equieval.errors import EnvironmentFault, InputError
from equieval.releases.manifest import plain_files
from equieval.releases.publish import MARK, Published

_CUSTOM_DOMAIN = "CNAME"  # the host's own file in the branch; it is carried over
_NOBODY = {
    "GIT_AUTHOR_NAME": "equieval",
    "GIT_AUTHOR_EMAIL": "equieval@localhost",
    "GIT_COMMITTER_NAME": "equieval",
    "GIT_COMMITTER_EMAIL": "equieval@localhost",
}
# Set while git runs a hook (git rev-parse --local-env-vars); another repository than the one meant
# would be changed.
_OF_A_HOOK = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}
    | {"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_GRAFT_FILE"}
)
_LONGEST_DOMAIN = 300
_DOMAIN = re.compile(r"[A-Za-z0-9.-]{1,253}\s*\Z")
_NO_PROGRAMS = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false")


def publish_branch(
    site: Path, repository: Path, branch: str, *, remote: str | None = "origin"
) -> Published:
    """Make a branch the site: one commit, and no push where nothing has changed.

    Parameters
    ----------
    site : the site's folder.
    repository : a folder inside the repository.
    branch : its name.
    remote : where to push it; None keeps it in this repository.

    Raises
    ------
    EnvironmentFault : git is not installed, or the remote refuses.
    InputError : there is no repository, the branch is checked out or holds something else.
    """
    git = _Git(repository)
    reference = f"refs/heads/{branch}"
    if git.ask("check-ref-format", reference) is None:
        raise InputError(
            f"'{branch}' cannot be the name of a branch",
            where="--to",
            remedy="write it like branch:gh-pages",
        )
    if reference in git.checked_out(every=remote is None):
        raise InputError(
            f"the branch '{branch}' is the one you work on",
            where=branch,
            remedy="name a branch that holds nothing but the site",
        )
    old = git.fetched(reference, remote)
    tree = _tree(git, site, old)
    files = len(plain_files(site))
    target = branch if remote is None else f"{remote}/{branch}"
    if old is not None and git.ask("rev-parse", f"{old}^{{tree}}") == tree:
        return Published(target, changed=False, files=files)
    if old is not None and git.ask("cat-file", "-e", f"{old}:{MARK}") is None:
        raise InputError(
            f"the branch '{branch}' holds something else than a site of equieval",
            where=target,
            remedy="name another branch, or delete this one",
        )
    commit = git.run("commit-tree", tree, "-m", "Publish the evaluation site")
    if remote is None:
        git.run("update-ref", reference, commit, old or "")
    else:
        lease = f"--force-with-lease={reference}:{old or ''}"
        git.run("push", "--quiet", lease, remote, f"{commit}:{reference}")
    return Published(target, changed=True, files=files)


class _Git:
    """The git program in one repository; it never asks the user anything."""

    def __init__(self, repository: Path) -> None:
        program = shutil.which("git")
        if program is None:
            raise EnvironmentFault(
                "git is not installed", remedy="install git, or publish to a folder"
            )
        self._program = program
        self._folder = repository
        kept = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
        self.environment = {**kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
        if self.ask("rev-parse", "--git-dir") is None:
            raise InputError(
                "this is no git repository",
                where=str(repository),
                remedy="publish to a folder, or put the project under git",
            )
        if self.ask("var", "GIT_COMMITTER_IDENT") is None:
            self.environment |= _NOBODY

    def ask(self, *words: str) -> str | None:
        """Return what git says, None where it says no."""
        done = self._call(words)
        return done.stdout.strip() if done.returncode == 0 else None

    def run(self, *words: str, given: str = "") -> str:
        """Return what git says, with a text given to it to read.

        Raises
        ------
        EnvironmentFault : git fails.
        """
        done = self._call(words, given)
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()]
            raise EnvironmentFault(
                f"git {words[0]} failed; the old site stands: {said[-1] if said else 'no message'}",
                where=self._folder.name,
                remedy="see that the remote can be reached and the branch written, then publish",
            )
        return done.stdout.strip()

    def fetched(self, reference: str, remote: str | None) -> str | None:
        """Return the commit that the branch is at now, with its files at hand."""
        if remote is None:
            return self.ask("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
        listed = self.run("ls-remote", remote, reference)
        if not listed:
            return None
        self.run("fetch", "--quiet", "--no-tags", remote, reference)
        return listed.split()[0]

    def checked_out(self, *, every: bool) -> set[str]:
        """Return the branch that is checked out here, and in every other work tree if asked."""
        found = {self.ask("symbolic-ref", "--quiet", "HEAD") or ""}
        if every:
            listed = (self.ask("worktree", "list", "--porcelain") or "").splitlines()
            found |= {line.removeprefix("branch ") for line in listed if line.startswith("branch ")}
        return found

    def with_index(self, index: Path) -> _Git:
        """Return the same repository with an index of its own."""
        other = copy.copy(self)
        other.environment = {**self.environment, "GIT_INDEX_FILE": str(index)}
        return other

    def _call(self, words: tuple[str, ...], given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 -- the git program with words of our own
            [self._program, *_NO_PROGRAMS, *words],
            cwd=self._folder,
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            input=given,
        )


def _tree(git: _Git, site: Path, old: str | None) -> str:
    """Write the site's files to the repository's store and return their tree."""
    files = plain_files(site)
    paths = "".join(f"{path.resolve()}\n" for path in files.values())
    blobs = git.run("hash-object", "-w", "--no-filters", "--stdin-paths", given=paths).split()
    entries = dict(zip(files, blobs, strict=True))
    domain = None if old is None else _custom_domain(git, old)
    if domain is not None:
        entries.setdefault(_CUSTOM_DOMAIN, domain)
    listed = "".join(f"100644 {blob}\t{name}\0" for name, blob in entries.items())
    with tempfile.TemporaryDirectory(prefix="equieval-") as place:
        there = git.with_index(Path(place) / "index")
        there.run("update-index", "--add", "-z", "--index-info", given=listed)
        return there.run("write-tree")


def _custom_domain(git: _Git, old: str) -> str | None:
    """Return the host's file of the branch as it is, if it names a domain and nothing else."""
    blob = git.ask("rev-parse", "--verify", "--quiet", f"{old}:{_CUSTOM_DOMAIN}")
    if blob is None or git.ask("cat-file", "-t", blob) != "blob":
        return None
    size = git.ask("cat-file", "-s", blob) or "0"
    content = git.ask("cat-file", "blob", blob) if int(size) < _LONGEST_DOMAIN else None
    return blob if content is not None and _DOMAIN.match(content) else None
