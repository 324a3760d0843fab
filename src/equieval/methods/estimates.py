"""The tidy table of estimates: one row for everything that any page estimates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from equieval.errors import InputError, did_you_mean

ROLES: Final = ("primary", "secondary", "robustness", "diagnostic")

_TEXT, _NUMBER, _COUNT = "string", "number", "integer"
_FIELDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("id", _TEXT, "Stable key of the estimate, unique within the table."),
    ("page", _TEXT, "Page of the report that the estimate belongs to."),
    ("role", _TEXT, "primary, secondary, robustness or diagnostic."),
    ("outcome", _TEXT, "Indicator of the catalogue."),
    ("design", _TEXT, "Evaluation design, for instance its or staggered-did."),
    ("estimator", _TEXT, "Estimator, for instance REML AR(1)."),
    ("estimand", _TEXT, "What is estimated, for instance the level change."),
    ("scale", _TEXT, "absolute, relative, ratio or log; of a ratio, std_error is its log's."),
    ("dimension", _TEXT, "Equity dimension, for instance imd-decile."),
    ("stratum", _TEXT, "Level of the dimension, or all."),
    ("weighting", _TEXT, "What the estimate is weighted by."),
    ("cohort", _TEXT, "Adoption cohort of a staggered design."),
    ("event_time", _COUNT, "Periods since the start of treatment."),
    ("time", _TEXT, "Period that the estimate refers to."),
    ("horizon", _TEXT, "Horizon that the estimand was fixed at."),
    ("estimate", _NUMBER, "Point estimate; for inequality, positive is worse for the worst off."),
    ("std_error", _NUMBER, "Standard error."),
    ("df", _NUMBER, "Degrees of freedom of the interval; missing where it is not a t interval."),
    ("ci_low", _NUMBER, "Lower end of the confidence interval."),
    ("ci_high", _NUMBER, "Upper end of the confidence interval."),
    ("ci_level", _NUMBER, "Confidence level, for instance 0.95."),
    ("p_value", _NUMBER, "Two-sided p value against no effect."),
    ("inference", _TEXT, "How interval and p value were obtained."),
    ("n_obs", _COUNT, "Observations used."),
    ("n_units", _COUNT, "Units used."),
    ("n_treated_units", _COUNT, "Treated units used."),
    ("n_events", _COUNT, "Events behind the estimate."),
    ("note", _TEXT, "Anything that a reader must know beside the number."),
)

ESTIMATE_COLUMNS: Final = tuple(name for name, _, _ in _FIELDS)

#: Frictionless Table Schema of the table, for ``datapackage.json``.
TABLE_SCHEMA: Final[dict[str, object]] = {
    "fields": [
        {
            "name": name,
            "type": kind,
            "description": description,
            "constraints": {"required": True, "unique": True}
            if name == "id"
            else ({"required": True, "enum": list(ROLES)} if name == "role" else {}),
        }
        for name, kind, description in _FIELDS
    ],
    "primaryKey": "id",
    "missingValues": [""],
}

_DTYPES: Final = {_TEXT: "string", _NUMBER: "float64", _COUNT: "Int64"}


def estimates_table(rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return the typed table of ``rows``; absent fields are missing.

    Columns and order are ``ESTIMATE_COLUMNS``: text as ``string``, numbers as ``float64``,
    counts as ``Int64``. Infinite degrees of freedom (a normal interval) are stored as missing,
    so that the table survives CSV and JSON.

    Raises ``InputError`` for an unknown column, an unknown role, a value of the wrong type, a
    missing ``id`` or an ``id`` that occurs twice.
    """
    records = [dict(row) for row in rows]
    for number, record in enumerate(records):
        where = f"estimate {record.get('id', number)!r}"
        for column in record:
            if column not in ESTIMATE_COLUMNS:
                raise InputError(
                    f"The table of estimates has no column {column!r}.",
                    where=where,
                    remedy=did_you_mean(column, ESTIMATE_COLUMNS),
                )
        if not record.get("id"):
            raise InputError(
                "An estimate has no id.",
                where=f"row {number}",
                remedy="Give every estimate a stable key, for instance 'effect.level'.",
            )
        if record.get("role") not in ROLES:
            raise InputError(
                f"An estimate has the role {record.get('role')!r}.",
                where=where,
                remedy=did_you_mean(str(record.get("role")), ROLES),
            )
    ids = [str(record["id"]) for record in records]
    repeated = sorted({key for key in ids if ids.count(key) > 1})
    if repeated:
        raise InputError(
            "Estimates share an id: " + ", ".join(repeated) + ".",
            where="estimates table",
            remedy="Give every estimate a key of its own.",
        )
    columns = {
        name: _typed_column(name, _DTYPES[kind], [record.get(name) for record in records])
        for name, kind, _ in _FIELDS
    }
    return pd.DataFrame(columns, columns=pd.Index(ESTIMATE_COLUMNS))


def _typed_column(name: str, dtype: str, values: list[object]) -> pd.Series:
    try:
        if dtype == "string":
            return pd.Series([None if v is None else str(v) for v in values], dtype="string")
        column = pd.Series(pd.to_numeric(pd.Series(values, dtype=object)), dtype="float64")
        if name == "df":
            column = column.where(column != float("inf"))
        return column if dtype == "float64" else column.astype("Int64")
    except (TypeError, ValueError) as error:
        raise InputError(
            f"Column {name!r} holds a value that is not a number of its type: {error}.",
            where="estimates table",
            remedy="Numbers as float, counts as whole numbers, absent values left out.",
        ) from error
