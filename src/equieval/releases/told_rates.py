"""The rates that published counts give: they tell no more than the counts beside them do.

A report sums protected counts over places and over time, and the quotient of two such sums can by
chance be that of two exact counts. Where the sums themselves are published, as the profile shows
counts, their quotient is no leak.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import permutations

import pandas as pd

from equieval.disclosure.columns import count_columns
from equieval.errors import DataError
from equieval.releases.private import Private, ten_digits


def admitting(private: Private | None, tables: Iterable[bytes]) -> Private | None:
    """Return what must not be told, without the rates that published tables of counts give.

    Parameters
    ----------
    private : what must not be told; None where the profile protects nothing.
    tables : contents of the CSV files that are published together. Only those count whose counts
        are all ones that the profile shows.
    """
    if private is None:
        return None
    told = {
        ten_digits(rate * scale)
        for content in tables
        for rate in _rates(content, private)
        for scale in private.scales
    }
    return replace(private, telling=private.telling - told)


def _rates(content: bytes, private: Private) -> Iterator[float]:
    try:
        table = pd.read_csv(io.BytesIO(content))
        columns = count_columns(table)
        shown = all(private.profile.counting.can_show(table[name]).all() for name in columns)
    except (ValueError, DataError, pd.errors.ParserError):
        return  # Its own check says what is wrong with it.
    if not shown:
        return
    for part, whole in permutations(columns, 2):
        known = table.loc[table[whole] > 0, [part, whole]].dropna()
        yield from (known[part] / known[whole]).astype(float)
