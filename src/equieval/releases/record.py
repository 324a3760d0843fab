"""The disclosure record of a release: what was checked, what was found, who approved.

The words pass, review and fail are those of the SACRO/acro project's output checking.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from equieval.errors import DisclosureRefused

_FIRST_LINE = 60


class Verdict(StrEnum):
    """The outcome of a check."""

    PASS = "pass"  # noqa: S105 -- a verdict, not a password
    REVIEW = "review"
    FAIL = "fail"


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that must not be published, and where it is.

    Attributes
    ----------
    message : what is wrong, in words.
    file : path inside the folder that was checked.
    cell : 1-based position of the notebook's cell; 0 where it is no cell.
    first_line : the cell's first line of source, which a reader recognises it by.
    """

    message: str
    file: str = ""
    cell: int = 0
    first_line: str = ""

    @property
    def where(self) -> str:
        """File, cell and first line, as far as they are known."""
        parts = [self.file] if self.file else []
        if self.cell:
            line = f" ({self.first_line})" if self.first_line else ""
            parts.append(f"cell {self.cell}{line}")
        return ", ".join(parts)

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


def first_line(source: str) -> str:
    """Return the first line of a cell's source that says something, shortened."""
    line = next((line.strip() for line in source.splitlines() if line.strip()), "")
    return line if len(line) <= _FIRST_LINE else f"{line[: _FIRST_LINE - 1]}…"


@dataclass(frozen=True)
class Check:
    """One rule of the gate and its outcome.

    Attributes
    ----------
    rule : short name of the rule.
    words : what the rule asks, in plain words for the report.
    findings : what speaks against it.
    verdict : pass, review (a person must look) or fail (nothing is released).
    """

    rule: str
    words: str
    findings: tuple[Finding, ...] = ()
    verdict: Verdict = Verdict.PASS

    @classmethod
    def of(cls, rule: str, words: str, findings: Iterable[Finding]) -> Check:
        """Return a check that fails when there is any finding."""
        found = tuple(findings)
        return cls(rule, words, found, Verdict.FAIL if found else Verdict.PASS)

    def excepting(self, exceptions: Iterable[Exemption]) -> Check:
        """Return the check with review for fail, where an exception covers every finding."""
        granted = list(exceptions)
        open_findings = [
            f for f in self.findings if not any(e.covers(self.rule, f) for e in granted)
        ]
        if self.verdict is not Verdict.FAIL or len(open_findings) == len(self.findings):
            return self
        if open_findings:
            return replace(self, findings=tuple(open_findings))
        return replace(self, verdict=Verdict.REVIEW)


@dataclass(frozen=True)
class Approver:
    """A person who approved the release, as the parameters name them."""

    name: str
    role: str = ""


@dataclass(frozen=True)
class Exemption:
    """A finding that a named person lets pass, as the parameters state it.

    Attributes
    ----------
    rule : the gate's rule.
    what : the file (and cell) that the finding names.
    reason, approver : why, and who.
    """

    rule: str
    what: str
    reason: str
    approver: str

    def covers(self, rule: str, finding: Finding) -> bool:
        """Whether a finding is one that this exception lets pass."""
        return rule == self.rule and self.what in (finding.file, finding.where)


@dataclass(frozen=True)
class DisclosureRecord:
    """What the gate found, for ``disclosure.json`` and the report's methods page.

    ``withheld`` is the number of counts withheld, by reason; ``exceptions`` are rules that a
    named person lifted, with the reason.
    """

    profile: str
    profile_words: str
    reason: str
    checks: tuple[Check, ...]
    approvers: tuple[Approver, ...] = ()
    withheld: Mapping[str, int] = field(default_factory=dict)
    exceptions: tuple[Exemption, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        verdicts = {check.verdict for check in self.checks}
        for worst in (Verdict.FAIL, Verdict.REVIEW):
            if worst in verdicts:
                return worst
        return Verdict.PASS

    def to_json(self) -> dict[str, object]:
        """Return the record as plain data."""
        return {
            "schema": 1,
            "profile": self.profile,
            "profile_words": self.profile_words,
            "reason": self.reason,
            "verdict": self.verdict.value,
            "checks": [
                {
                    "rule": check.rule,
                    "words": check.words,
                    "verdict": check.verdict.value,
                    "findings": [str(finding) for finding in check.findings],
                }
                for check in self.checks
            ],
            "withheld": dict(self.withheld),
            "exceptions": [
                {"rule": e.rule, "what": e.what, "reason": e.reason, "approver": e.approver}
                for e in self.exceptions
            ],
            "approvers": [{"name": a.name, "role": a.role} for a in self.approvers],
        }

    def with_exceptions(self, exceptions: Iterable[Exemption]) -> DisclosureRecord:
        """Return the record with what a named approver lets pass left to review.

        An exception that covers nothing, or whose approver is not among the approvers, fails.
        """
        names = {approver.name for approver in self.approvers}
        granted = [e for e in exceptions if e.approver in names]
        refused = [
            Finding(f"'{e.approver}' lets it pass and is not among release.approvers", e.what)
            for e in exceptions
            if e.approver not in names
        ]
        checks = [check.excepting(granted) for check in self.checks]
        if refused:
            words = "Every exception is granted by a named approver of the release."
            checks.append(Check.of("exceptions", words, refused))
        return replace(self, checks=tuple(checks), exceptions=tuple(exceptions))

    def refuse_failures(self, *, where: str) -> None:
        """Raise if any check failed, with every finding listed.

        Raises
        ------
        DisclosureRefused : exit code 3.
        """
        failed = [check for check in self.checks if check.verdict is Verdict.FAIL]
        if not failed:
            return
        lines = [f"  [{check.rule}] {finding}" for check in failed for finding in check.findings]
        count = "1 finding" if len(lines) == 1 else f"{len(lines)} findings"
        raise DisclosureRefused(
            "\n".join([f"the disclosure gate refused the release: {count}", *lines]),
            where=where,
            remedy="correct each finding, run the evaluation again, then release",
        )
