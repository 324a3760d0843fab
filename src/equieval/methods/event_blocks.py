"""An event study in blocks of several periods: fewer, steadier effects.

Monthly event studies have more effects than a test of them all has power for, and a sensitivity
analysis that compares neighbouring months mostly compares noise. The mean of the effects over
blocks of even length is an event study of its own, with the covariance that follows.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from equieval.errors import DesignError
from equieval.methods.bands import band_multiplier
from equieval.methods.contrasts import t_quantile
from equieval.methods.honest import EventStudy
from equieval.methods.joint_tests import DRAWS, joint_reference, withheld


def in_blocks(study: EventStudy, width: int) -> EventStudy:
    """Return the event study of block means, ``width`` periods each.

    Blocks are counted from exposure in both directions; the last one before exposure is the
    reference. Periods that do not fill a block at either end are left out. Raises
    ``DesignError`` for a width under 1 and when fewer than two blocks before exposure or none
    after are left.
    """
    if width < 1:
        raise DesignError(
            f"A block of {width} periods holds nothing.",
            where="event study in blocks",
            remedy="Give blocks of at least one period.",
        )
    before, after = (study.n_before + 1) // width, study.n_after // width
    if before < 2 or after < 1:
        raise DesignError(
            f"{study.n_before + 1} periods before exposure and {study.n_after} after do not fill "
            f"blocks of {width}.",
            where="event study in blocks",
            remedy="Use shorter blocks, or bring in earlier and later periods.",
        )
    size = len(study.estimates) + 1
    first = study.n_before + 1 - before * width
    means = np.zeros((before + after, size))
    for row in range(before + after):
        start = first + row * width
        means[row, start : start + width] = 1 / width
    kept = np.arange(before + after) != before - 1
    against = (means - means[before - 1])[kept]
    # The reference period itself is 0 and has no error.
    return study.through(np.delete(against, study.n_before, axis=1), before - 1)


def effects_of(study: EventStudy, *, ci_level: float = 0.95, draws: int = DRAWS) -> pd.DataFrame:
    """Return the effects with the reference: ``event_time, estimate, std_error, df``, intervals.

    ``ci_low, ci_high`` hold for one effect, ``band_low, band_high`` for all at once; the
    reference (event time −1) is 0 without an interval. A study with parts has t intervals and
    bands for few units; an effect that cannot have one is left without, for the ``reason``.
    A study without parts has normal quantiles and infinite ``df``. ``draws``: of the joint
    distribution that the band of few units rests on.
    """
    frame = pd.DataFrame(
        {
            "event_time": [
                *range(-study.n_before - 1, -1),
                *range(study.n_after),
            ],
            "estimate": study.estimates,
        }
    )
    frame["reason"] = withheld(study)
    shown = frame["reason"] == ""
    known = study.through(np.eye(len(frame))[shown.to_numpy()], 0)
    errors = np.sqrt(np.diag(known.covariance))
    if study.parts:
        reference = joint_reference(known, draws=draws)
        df, band = reference.df, reference.critical(ci_level) * errors
    else:
        df = np.full(len(errors), np.inf)
        band = band_multiplier(known.covariance, ci_level) * errors
    half = np.array([t_quantile(freedom, ci_level) for freedom in df]) * errors
    frame.loc[shown, "std_error"], frame.loc[shown, "df"] = errors, df
    for name, width in (("ci", half), ("band", band)):
        frame.loc[shown, f"{name}_low"] = known.estimates - width
        frame.loc[shown, f"{name}_high"] = known.estimates + width
    zero = pd.DataFrame({"event_time": [-1], "estimate": [0.0], "reason": [""]})
    joined = pd.concat([frame, zero], ignore_index=True)
    return joined.sort_values("event_time", ignore_index=True)
