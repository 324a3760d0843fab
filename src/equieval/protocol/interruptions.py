"""Other events that interrupt a series and are no part of the intervention.

One that stays has a level and a slope of its own from its first period on; one that passes has
a level of its own while it lasts. The counterfactual keeps both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from equieval.protocol.fields import Block, PeriodLabel, Problem, Text, repeated


class Interruption(Block):
    """Another event that interrupts the series and is no part of the intervention."""

    name: Text = Field(description="What it was; shown with its terms in the model.")
    period: PeriodLabel = Field(description="First period that it reached.")
    until: PeriodLabel | None = Field(
        default=None,
        description="Last period that it reached, of one that passed: the series has a level of "
        "its own from the first to the last. Left out, it stays, with a level and a slope.",
    )


def interruption_problems(start: str, others: Sequence[Interruption]) -> Iterator[Problem]:
    """Yield interruptions that the model could not tell apart.

    Parameters
    ----------
    start : first exposed period of the intervention.
    """
    for name in repeated(other.name for other in others):
        yield Problem(
            ("other_interruptions",), f"'{name}' is named twice", "give each its own name"
        )
    taken = {start: "the start of the intervention"}
    for position, other in enumerate(others):
        if other.period in taken:
            yield Problem(
                ("other_interruptions", position, "period"),
                f"'{other.name}' begins with {taken[other.period]}: no series tells them apart",
                "correct the period, or say under intervention.co_interventions that the two "
                "came together",
            )
        taken.setdefault(other.period, f"'{other.name}'")
