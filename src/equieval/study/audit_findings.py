"""What an audit finds, and the stage-2 action that each finding asks for.

Rules, in the order of the list; a finding is made where its rule holds, and nowhere else:

- gap: the interval of the primary measure, in the reference source, is wholly on the worse side;
- coding: the group is recorded for fewer people than the protocol asks for, in a source, in one of
  its organisations, or (judged by the best coded source) in one of the groups;
- missing: an organisation has no figure for a period of the audit;
- categories: a source that counts everybody lacks a group that the reference source has;
- counts: a source counts more or fewer people than the reference, beyond the tolerance;
- period: in one period a source departs from its usual relation to the reference, beyond the
  tolerance, or its figures are not final;
- rates: a source gives a group another rate than the reference, beyond the tolerance;
- sample: a sample's rates differ from the reference's beyond chance and the tolerance, or it lacks
  groups or periods;
- rounding: every count of a source is a multiple of the same number.

An action names its finding, who would act where the parameters say so, and the figure by which it
will be seen to have worked.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from equieval.data import ALL
from equieval.present import numbers
from equieval.present.groups import groups_called
from equieval.protocol import indicator
from equieval.study.analysis import RELATIVE
from equieval.study.audit_data_findings import RULES
from equieval.study.audit_evidence import UNNAMED, Evidence, Finding, bounds_at, clear_gaps
from equieval.study.audit_rows import PLAUSIBILITY
from equieval.study.words import measure_unit

GAPS, DATA = "Gaps between groups", "Data that do not yet show them well"


def findings(evidence: Evidence) -> tuple[Finding, ...]:
    """Return every finding of an audit, gaps first, in the order of the module's table."""
    rules = (_gaps, *RULES)
    return tuple(finding for rule in rules for finding in rule(evidence))


def action_list(made: tuple[Finding, ...]) -> pd.DataFrame:
    """Return the actions: ``number, part, kind, about, action, finding, owner, metric``."""
    rows = [
        (
            str(number),
            GAPS if finding.kind == "gap" else DATA,
            finding.kind.capitalize(),
            finding.about,
            finding.action,
            finding.finding,
            finding.owner,
            finding.metric,
        )
        for number, finding in enumerate(made, start=1)
    ]
    columns = ["number", "part", "kind", "about", "action", "finding", "owner", "metric"]
    return pd.DataFrame(rows, columns=columns)


def _gaps(evidence: Evidence) -> Iterator[Finding]:
    primary = evidence.evaluation.outcomes.primary
    unit = numbers.change_unit(measure_unit(primary.measure, primary.indicator))
    reference = str(primary.reference_group)
    every = evidence.inequality["rates"]
    rates = every[every["source"] == evidence.found.reference].set_index("stratum")["rate"]
    limits = bounds_at(evidence, PLAUSIBILITY).set_index("stratum")
    for _, row in clear_gaps(evidence).iterrows():
        group = str(row["stratum"])
        digits = 2 if primary.scale == RELATIVE else 1
        size = numbers.of_unit(numbers.number(row["estimate"], digits), unit)
        own, held_against, both = (
            groups_called(named, evidence.group_word)
            for named in ([group], [reference], [group, reference])
        )
        span = numbers.interval(row["ci_low"], row["ci_high"], digits)
        ratio = " as a ratio" if primary.scale == RELATIVE else ""
        if group == ALL:
            words = f"The gap across the groups is {size}{ratio} (95% interval {span})."
            who, gap = "the groups that fare worst", "The gap across the groups"
        else:
            words = (
                f"{own.removeprefix('the ')}: {numbers.number(rates[group], 1)} against "
                f"{numbers.number(rates[reference], 1)} in {held_against} "
                f"({indicator(primary.indicator).unit}), a gap of {size}{ratio} "
                f"(95% interval {span})."
            )
            who, gap = f"people in {own}", f"The gap between {both}"
        if group in limits.index:
            bound = limits.loc[group]
            ends = numbers.interval(bound["ci_low"], bound["ci_high"], 1)
            verb = "remains" if bound["ci_low"] > 0 else "may vanish"
            words += (
                f" It {verb} if people of unknown {evidence.group_word} differ from the others by "
                f"up to a factor of {PLAUSIBILITY:g} (bounds {ends})."
            )
        yield Finding(
            "gap",
            group,
            words,
            f"Ask {who}, and the services that they meet, what lies behind the gap; agree what "
            "will change, by when.",
            _design_owner(evidence),
            f"{gap} in the {evidence.label(evidence.found.reference)} source, measured the same "
            f"way: below {numbers.of_unit(numbers.number(row['ci_low'], digits), unit)} (the lower "
            "end of today's interval).",
            "inequality",
        )


def _design_owner(evidence: Evidence) -> str:
    return getattr(evidence.evaluation.design, "gap_owner", None) or UNNAMED
