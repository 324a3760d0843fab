"""Private files and drafts that were given to git stop a release."""

import shutil
import subprocess

import pytest

from equieval.errors import DisclosureRefused
from equieval.releases.tracked import tracked_findings

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not there")


@pytest.fixture
def git(tmp_path):
    def run(*arguments):
        who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    run("init", "--quiet")
    return run


def found(root, *, drafts=True):
    return [str(finding) for finding in tracked_findings(root, "fixture", drafts=drafts)]


def test_a_project_under_no_version_control_has_nothing_to_look_for(tmp_path):
    assert found(tmp_path) == []


def test_untracked_private_files_pass_also_before_the_first_commit(tmp_path, git):
    (tmp_path / ".equieval" / "private").mkdir(parents=True)
    (tmp_path / ".equieval" / "private" / "key").write_text("00")
    assert found(tmp_path) == []


def test_a_private_file_that_git_holds_is_found(tmp_path, git):
    (tmp_path / ".equieval" / "private").mkdir(parents=True)
    (tmp_path / ".equieval" / "private" / "key").write_text("00")
    git("add", "--force", ".equieval/private/key")
    assert "under version control" in found(tmp_path)[0]


def test_a_draft_that_was_committed_and_removed_again_is_still_found(tmp_path, git):
    draft = tmp_path / "reports" / "fixture" / "draft"
    draft.mkdir(parents=True)
    (draft / "run.json").write_text("{}")
    git("add", "--force", ".")
    git("commit", "--quiet", "-m", "draft")
    git("rm", "--quiet", "-r", "reports")
    git("commit", "--quiet", "-m", "gone")
    assert "rewrite the history" in found(tmp_path)[0]
    assert found(tmp_path, drafts=False) == []


def test_a_release_is_refused_with_exit_code_three(project, tmp_path, git):
    (tmp_path / ".equieval" / "private").mkdir(parents=True, exist_ok=True)
    (tmp_path / ".equieval" / "private" / "ledger.json").write_text("{}")
    git("add", "--force", ".equieval/private/ledger.json")
    with pytest.raises(DisclosureRefused, match="private-files") as refused:
        project.release()
    assert refused.value.exit_code == 3
