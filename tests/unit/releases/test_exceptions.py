"""What a named approver may let pass, and what nobody may."""

import pytest

from equieval.errors import DisclosureRefused, ParametersError
from equieval.releases.record import Approver, Check, DisclosureRecord, Exemption, Finding

COMMENT = Finding("a comment holds numbers", "html/index.html")
LET_PASS = Exemption("leaks", "html/index.html", "A line number of the theme.", "A. Person")


LEAD = Approver("A. Person", "Lead")


def record(*checks, approvers=(LEAD,)):
    return DisclosureRecord("nhs-hes", "", "", checks, approvers)


def leaks(*findings):
    return Check.of("leaks", "No file gives more than the protected counts.", findings)


def test_an_exception_with_a_named_approver_leaves_the_finding_to_review():
    judged = record(leaks(COMMENT)).with_exceptions([LET_PASS])
    assert judged.verdict == "review"
    (shown,) = judged.to_json()["exceptions"]
    assert shown == {
        "rule": "leaks",
        "what": "html/index.html",
        "reason": "A line number of the theme.",
        "approver": "A. Person",
    }


def test_an_exception_by_somebody_who_does_not_approve_the_release_is_refused():
    judged = record(leaks(COMMENT), approvers=()).with_exceptions([LET_PASS])
    with pytest.raises(DisclosureRefused, match="is not among release") as refused:
        judged.refuse_failures(where="draft")
    assert "a comment holds numbers" in str(refused.value)


def test_an_exception_covers_the_file_that_it_names_and_no_other():
    other = Finding("a comment holds numbers", "html/effect.html")
    judged = record(leaks(COMMENT, other)).with_exceptions([LET_PASS])
    assert judged.verdict == "fail"
    assert [str(f) for f in judged.checks[0].findings] == [str(other)]


@pytest.mark.parametrize("rule", ["private-files", "profile", "allow-list", "surroundings"])
def test_rules_that_keep_the_gate_honest_have_no_exception(project, rule):
    project.parameters["disclosure"]["exceptions"] = [
        {"rule": rule, "what": "v1", "reason": "In a hurry.", "approver": "The equieval team"}
    ]
    project.save()
    with pytest.raises(ParametersError, match="rule"):
        project.evaluation  # noqa: B018 -- reading it validates it


def test_exceptions_of_the_parameters_reach_the_record_of_a_release(project):
    project.parameters["disclosure"]["exceptions"] = [
        {
            "rule": "leaks",
            "what": "html/index.html",
            "reason": "A line number.",
            "approver": "The equieval team",
        }
    ]
    project.save()
    (shown,) = project.inspect().to_json()["exceptions"]
    assert shown["approver"] == "The equieval team"
