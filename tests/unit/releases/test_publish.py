"""Publishing: the whole new site or the whole old one, whatever happens on the way."""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from equieval.disclosure import PROFILES
from equieval.errors import DisclosureRefused, EnvironmentFault, InputError
from equieval.releases import publish
from equieval.releases.manifest import plain_files
from equieval.releases.private import Private, ten_digits
from equieval.releases.publish import ordered, publish_folder, publish_zip
from equieval.releases.publish_branch import publish_branch
from equieval.releases.site_gate import refuse_leaks

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="needs fork and process groups")


def make_site(folder: Path, words: str, files: int = 40) -> Path:
    pages = {f"reports/one/v1/page-{n}.html": f"{words} {n}\n" * 50 for n in range(files)}
    top = dict.fromkeys(("index.html", "versions.json", "versions.js", ".nojekyll"), words)
    for name, content in {**pages, **top}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {name: path.read_bytes() for name, path in plain_files(folder).items()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return make_site(tmp_path / "old", "old")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    return make_site(tmp_path / "new", "new", files=42)


def git(folder: Path, *words: str) -> str:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True, env=clean
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a bare one beside it as its remote."""
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", "work")
    work = tmp_path / "work"
    git(work, "config", "user.name", "A Person")
    git(work, "config", "user.email", "person@example.org")
    git(work, "remote", "add", "origin", str(tmp_path / "remote.git"))
    (work / "file").write_text("work")
    git(work, "add", "file")
    git(work, "commit", "--quiet", "-m", "Begin")
    return work


def branch_files(repository: Path, where: str) -> dict[str, bytes]:
    names = git(repository, "ls-tree", "-r", "--name-only", where).splitlines()
    return {name: git(repository, "show", f"{where}:{name}").encode() for name in names}


def test_a_new_folder_becomes_the_site(old, tmp_path):
    done = publish_folder(old, tmp_path / "deep" / "public")
    assert (done.changed, done.files) == (True, 44)
    assert contents(tmp_path / "deep" / "public") == contents(old)


def test_what_the_new_site_lacks_is_gone(old, new, tmp_path):
    publish_folder(new, tmp_path / "public")
    publish_folder(old, tmp_path / "public")
    assert contents(tmp_path / "public") == contents(old)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["new", "old", "public"]


def test_publishing_twice_changes_nothing(old, tmp_path):
    publish_folder(old, tmp_path / "public")
    before = {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "public").rglob("*"))}
    assert not publish_folder(old, tmp_path / "public").changed
    assert {p: p.stat().st_mtime_ns for p in sorted((tmp_path / "public").rglob("*"))} == before


def test_a_folder_with_something_else_in_it_is_left_alone(old, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="something else"):
        publish_folder(old, tmp_path / "home")
    assert (tmp_path / "home" / "letter.txt").read_text() == "dear"


@pytest.mark.parametrize("place", [".", "reports", ".."])
def test_a_site_is_not_published_onto_itself(old, place):
    with pytest.raises(InputError, match="itself"):
        publish_folder(old, old / place)


def test_what_announces_the_versions_comes_last(old):
    assert ordered(contents(old))[-2:] == ["versions.js", "versions.json"]


def test_a_full_disk_leaves_the_old_site(old, new, tmp_path, monkeypatch):
    publish_folder(old, tmp_path / "public")

    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(EnvironmentFault, match="disk is full; the old site stands"):
        publish_folder(new, tmp_path / "public")
    assert contents(tmp_path / "public") == contents(old)


def killed_at_random(publishing: Callable[[], object], moments: int, check) -> int:
    """Kill a publishing process at random moments; return how often it was cut off.

    The moments cover one whole publication, whose length is measured first.
    """
    started = time.perf_counter()
    publishing()
    whole = time.perf_counter() - started
    draw = random.Random(7)
    stopped = 0
    for _ in range(moments):
        child = os.fork()
        if child == 0:
            os.setsid()
            try:
                publishing()
            finally:
                os._exit(0)
        time.sleep(draw.uniform(0, 1.2 * whole))
        try:
            os.killpg(child, signal.SIGKILL)
        except ProcessLookupError:  # not a group of its own yet, or gone
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        stopped += os.WIFSIGNALED(status)
        check()
    return stopped


@needs_fork
@pytest.mark.parametrize("one_step", [True, False], ids=["one step", "two moves"])
def test_killed_at_fifty_random_moments_a_whole_site_stands(
    old, new, tmp_path, monkeypatch, one_step
):
    if not one_step:
        monkeypatch.setattr(publish, "exchange", lambda one, other: False)
    target = tmp_path / "public"
    publish_folder(old, target)
    whole = [contents(old), contents(new)]
    sites = [new, old]

    def publishing():
        publish_folder(sites[0], target)

    def check():
        publish._recover(target)  # as the next publication does, where two moves are needed
        assert contents(target) in whole
        sites.reverse()

    assert killed_at_random(publishing, 50, check) > 10
    publish_folder(new, target)
    assert contents(target) == contents(new)
    assert not list(tmp_path.glob(".equieval-publishing-*"))


def test_a_zip_file_is_the_same_bytes_each_time(old, tmp_path):
    assert publish_zip(old, tmp_path / "site.zip").changed
    before = (tmp_path / "site.zip").read_bytes()
    assert not publish_zip(old, tmp_path / "site.zip").changed
    assert publish_zip(old, tmp_path / "again.zip").changed
    assert (tmp_path / "again.zip").read_bytes() == before
    with zipfile.ZipFile(tmp_path / "site.zip") as archive:
        assert archive.namelist() == ordered(contents(old))


@needs_git
def test_a_branch_is_one_commit_with_the_site_and_nothing_else(old, new, repository, tmp_path):
    publish_branch(old, repository, "gh-pages")
    done = publish_branch(new, repository, "gh-pages")
    assert (done.changed, done.target) == (True, "origin/gh-pages")
    bare = tmp_path / "remote.git"
    assert git(bare, "rev-list", "--count", "gh-pages") == "1"
    published = branch_files(bare, "gh-pages")
    assert published.keys() == contents(new).keys()
    assert published["index.html"] == b"new"


@needs_git
def test_the_work_tree_and_the_branch_one_works_on_stay_as_they_are(old, repository):
    before = (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"))
    publish_branch(old, repository, "gh-pages")
    after = (git(repository, "rev-parse", "HEAD"), git(repository, "status", "--porcelain"))
    assert after == before
    assert git(repository, "branch", "--format=%(refname:short)") == "main"


@needs_git
def test_publishing_a_branch_twice_pushes_nothing(old, repository, tmp_path):
    publish_branch(old, repository, "gh-pages")
    before = git(tmp_path / "remote.git", "rev-parse", "gh-pages")
    assert not publish_branch(old, repository, "gh-pages").changed
    assert git(tmp_path / "remote.git", "rev-parse", "gh-pages") == before


@needs_git
def test_the_hosts_own_domain_file_is_carried_over(old, new, repository, tmp_path):
    (old / "CNAME").write_text("example.org")
    publish_branch(old, repository, "gh-pages")
    publish_branch(new, repository, "gh-pages")
    assert branch_files(tmp_path / "remote.git", "gh-pages")["CNAME"] == b"example.org"
    assert not publish_branch(new, repository, "gh-pages").changed


@needs_git
def test_a_branch_may_stay_in_the_repository(old, repository):
    publish_branch(old, repository, "pages", remote=None)
    assert git(repository, "show", "pages:index.html") == "old"
    assert not publish_branch(old, repository, "pages", remote=None).changed


@needs_git
def test_a_branch_with_something_else_is_left_alone(old, repository, tmp_path):
    git(repository, "push", "--quiet", "origin", "main:other")
    with pytest.raises(InputError, match="something else"):
        publish_branch(old, repository, "other")
    with pytest.raises(InputError, match="you work on"):
        publish_branch(old, repository, "main")
    assert git(tmp_path / "remote.git", "show", "other:file") == "work"


@needs_git
def test_hooks_filters_and_rules_of_the_repository_change_nothing_of_the_site(
    old, new, repository, tmp_path
):
    trap = tmp_path / "trap"
    hooks = repository / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-push", "reference-transaction", "post-index-change", "pre-commit"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {trap}\nexit 1\n")
        (hooks / name).chmod(0o755)
    for key, value in {
        "filter.shout.clean": f"sh -c 'touch {trap}; tr a-z A-Z'",
        "filter.shout.required": "true",
        "core.fsmonitor": f"touch {trap}",
        "core.autocrlf": "true",
        "commit.gpgSign": "true",
        "gpg.program": "false",
    }.items():
        git(repository, "config", key, value)
    info = repository / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* filter=shout text eol=crlf\n")
    (info / "exclude").write_text("*.html\n")
    publish_branch(new, repository, "gh-pages")
    publish_branch(new, repository, "local", remote=None)
    bare = tmp_path / "remote.git"
    for place in (bare, repository):
        branch = "gh-pages" if place is bare else "local"
        shown = {
            name: subprocess.run(
                ["git", "cat-file", "blob", f"{branch}:{name}"],
                cwd=place,
                capture_output=True,
                check=True,
            ).stdout
            for name in git(place, "ls-tree", "-r", "--name-only", branch).splitlines()
        }
        assert shown == contents(new)
    assert not trap.exists()


@needs_git
def test_a_dirty_repository_in_the_middle_of_a_merge_stays_as_it_is(old, repository):
    git(repository, "checkout", "--quiet", "-b", "other")
    (repository / "file").write_text("theirs")
    git(repository, "commit", "--quiet", "-am", "Theirs")
    git(repository, "checkout", "--quiet", "main")
    (repository / "file").write_text("ours")
    git(repository, "commit", "--quiet", "-am", "Ours")
    with pytest.raises(subprocess.CalledProcessError):
        git(repository, "merge", "other")
    (repository / "staged").write_text("staged")
    git(repository, "add", "staged")
    (repository / "untracked").write_text("untracked")

    def state():
        index = git(repository, "ls-files", "--stage")
        return index, git(repository, "status", "--porcelain"), (repository / "file").read_text()

    before = state()
    assert publish_branch(old, repository, "gh-pages").changed
    assert state() == before
    assert (repository / ".git" / "MERGE_HEAD").exists()


@needs_git
def test_a_branch_that_another_work_tree_has_checked_out_is_left_alone(old, repository, tmp_path):
    git(repository, "worktree", "add", "--quiet", "-b", "pages", str(tmp_path / "beside"))
    with pytest.raises(InputError, match="you work on"):
        publish_branch(old, repository, "pages", remote=None)


@needs_git
@pytest.mark.parametrize("content", [b"example.org/<script>\n", b"\xff\xfe\0", b"a" * 400])
def test_a_domain_file_that_names_no_domain_is_not_carried_over(
    old, new, repository, tmp_path, content
):
    (old / "CNAME").write_bytes(content)
    publish_branch(old, repository, "gh-pages")
    publish_branch(new, repository, "gh-pages")
    names = git(tmp_path / "remote.git", "ls-tree", "--name-only", "gh-pages").splitlines()
    assert "CNAME" not in names


@needs_git
def test_a_remote_that_cannot_be_reached_is_told_in_words(old, repository, tmp_path):
    shutil.rmtree(tmp_path / "remote.git")
    with pytest.raises(EnvironmentFault, match="the old site stands"):
        publish_branch(old, repository, "gh-pages")


@needs_git
def test_outside_a_repository_it_says_what_to_do(old, tmp_path):
    (tmp_path / "plain").mkdir()
    with pytest.raises(InputError, match="no git repository"):
        publish_branch(old, tmp_path / "plain", "gh-pages")


@needs_git
@needs_fork
def test_a_branch_killed_at_random_moments_is_a_whole_site(old, new, repository, tmp_path):
    publish_branch(old, repository, "gh-pages")
    trees = {"old": "", "new": ""}
    sites = [(new, "new"), (old, "old")]

    def publishing():
        publish_branch(sites[0][0], repository, "gh-pages")

    def check():
        bare = tmp_path / "remote.git"
        words = git(bare, "show", "gh-pages:index.html")
        assert words in trees
        tree = git(bare, "rev-parse", "gh-pages^{tree}")
        assert trees[words] in ("", tree), "a tree is whole, or it is not there"
        trees[words] = tree
        for lock in repository.glob(".git/**/*.lock"):  # git's own, left by the kill
            lock.unlink()
        sites.reverse()

    assert killed_at_random(publishing, 15, check) > 3


@pytest.mark.parametrize(
    "name", ["leak.html", "versions.json", "changes.xml", "pagefind/fragment/en_1.pf_fragment"]
)
def test_a_site_that_names_the_machine_is_refused_whatever_file_does(old, project, name):
    refuse_leaks(old, project.root)
    content = f"<p>{project.root}/data/births.csv</p>".encode()
    if name.startswith("pagefind"):
        content = gzip.compress(b"pagefind_dcd" + content)
    (old / name).parent.mkdir(parents=True, exist_ok=True)
    (old / name).write_bytes(content)
    with pytest.raises(DisclosureRefused, match=re.escape(name)) as refused:
        refuse_leaks(old, project.root)
    assert refused.value.exit_code == 3
    (old / name).write_bytes(b"{}")
    refuse_leaks(old, project.root)


@pytest.mark.parametrize(
    "name", ["index.html", "versions.json", "pagefind/fragment/en_1.pf_fragment"]
)
def test_a_site_that_holds_an_exact_rate_is_refused_whatever_file_does(old, project, name):
    rate = 1000 * 7 / 2027
    private = Private(
        PROFILES["nhs-msds"], None, (), (), frozenset(), frozenset({ten_digits(rate)})
    )
    privates = {"outreach": private}
    refuse_leaks(old, project.root, privates=privates)
    content = f'{{"rate": {rate!r}}}'.encode()
    if name.startswith("pagefind"):
        content = gzip.compress(b"pagefind_dcd" + content)
    (old / name).parent.mkdir(parents=True, exist_ok=True)
    (old / name).write_bytes(content)
    with pytest.raises(DisclosureRefused, match="only exact counts give"):
        refuse_leaks(old, project.root, privates=privates)
