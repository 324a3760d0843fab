"""What is suppressed stays usable: withheld is told from missing, with what would help."""

from __future__ import annotations

import pytest

from equieval.data import audit
from equieval.study.auditing import consistency, missing_figures, recorded_by_group
from equieval.study.safeguard import safeguard


@pytest.fixture
def found(partner):
    return audit(partner.safe, partner.evaluation)


def test_the_audit_calls_withheld_cells_recorded_and_withheld(partner, found):
    rows = missing_figures(found)
    reasons = " ".join(rows["reason"])
    assert "withheld of some groups under the disclosure profile 'nhs-hes'" in reasons
    assert "no reason is given" not in reasons
    assert found.missing.empty
    groups = recorded_by_group(found, "stillbirth")
    assert groups["withheld"].sum() > 10
    assert (groups["recorded"] + groups["withheld"] == 1).all()


def test_the_audit_says_what_would_show_more(found):
    (action,) = (words for words in found.actions if "stillbirth" in words)
    assert "Use fewer groups or longer periods" in action
    assert "about " in action
    assert not any("strata of" in words for words in found.actions)  # rounding is no disagreement


def test_rounded_totals_are_not_held_against_rounded_groups(found):
    assert consistency(found)["finding"].tolist() == [
        "not compared: counts are protected under 'nhs-hes'"
    ]


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("nhs-hes", "withheld under 'nhs-hes': about "),
        ("nhs-msds", "withheld under 'nhs-msds': "),
        ("ons-births", "without a rate under 'ons-births': about "),
    ],
)
def test_check_says_what_share_of_the_table_a_profile_keeps_back(partner, profile, words):
    partner.profile = profile
    partner.save()
    losses = list(safeguard(partner.evaluation, partner.exact, partner.root).losses())
    assert any(sentence.startswith(words) for sentence in losses)
