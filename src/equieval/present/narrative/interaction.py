"""Did the effect differ between groups? The test of it, in words."""

from __future__ import annotations

import pandas as pd

from equieval.present import numbers
from equieval.present.artefact import Statement, plain_frame, require
from equieval.present.narrative.trends import LEVEL, share_of_cases
from equieval.present.wording import as_text, sentence


def interaction_statement(data: pd.DataFrame, *, outcome: str) -> Statement:
    """Say whether the effects on the groups can be told apart.

    Failing to tell them apart is never told as their being alike.

    Parameters
    ----------
    data : one row: ``statistic, df, df_within, p_value`` of the test that the effect on the rate
        is the same in every group; missing where the design carries no such test.
    outcome : in running text.
    """
    require(data, ("statistic", "df", "df_within", "p_value"), "interaction_statement")
    row = data.iloc[0].to_dict()
    name = as_text(outcome)
    if numbers.is_missing(row["p_value"]):
        words = (
            f"**whether the effect on the {name} differed between groups cannot be tested**: the "
            "design has too few units to learn how the groups move together"
        )
        return Statement(sentence(words), plain_frame(data))
    chance, between, within = (float(str(row[key])) for key in ("p_value", "df", "df_within"))
    test = (
        "were the effect the same in every group, differences as large as those seen would arise "
        f"in {share_of_cases(chance)} of cases (F = {numbers.number(row['statistic'])} on "
        f"{numbers.plain(between)} and {numbers.plain(within)} degrees of freedom)"
    )
    if chance < LEVEL:
        parts = [f"**the effect on the {name} differed between groups**: {test}"]
    else:
        parts = [
            f"**no difference between groups in the effect on the {name} can be told from "
            f"chance**: {test}",
            "that does not show that the effect was the same in all of them",
        ]
    return Statement(" ".join(map(sentence, parts)), plain_frame(data))
