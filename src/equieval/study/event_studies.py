"""Effects by time since the start: were the units parallel before, and did the effect last?

Group-time effects of Callaway and Sant'Anna against the period just before the start, averaged
by event time and then over blocks of a quarter or more where periods are months: a month by
itself is mostly noise, and so would be everything that is compared with one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from equieval.errors import DesignError
from equieval.methods.adoption import ControlGroup
from equieval.methods.cohort_events import cohort_event_study
from equieval.methods.contrasts import t_contrast
from equieval.methods.event_blocks import effects_of, in_blocks
from equieval.methods.gap_event_study import pretrend_test
from equieval.methods.honest import EventStudy
from equieval.methods.inference import TREATED_FOR_BOOTSTRAP
from equieval.methods.joint_tests import TOO_FEW, shown_part, withheld
from equieval.methods.pretrends import undetected_slope
from equieval.study.analysis import CI_LEVEL, Subject
from equieval.study.comparison import NO_INTERVAL
from equieval.study.panel import PanelDesign

BY_EVENT_TIME = "Callaway–Sant'Anna by time since the start"
FEW_UNITS = "errors by cohort, clustered by unit, t (Bell–McCaffrey)"
SINCE_START = "effect by time since the start"
MOST_BLOCKS = 12
_BLOCKS: dict[str, tuple[tuple[int, str], ...]] = {
    "month": ((3, "quarter"), (6, "half-year"), (12, "year")),
    "quarter": ((1, "quarter"), (2, "half-year"), (4, "year")),
    "year": ((1, "year"),),
    "financial-year": ((1, "year"),),
}
"""Periods per block and what a block is called, the first that gives few enough is used."""


@dataclass(frozen=True)
class BlockedStudy:
    """An event study in blocks.

    Attributes
    ----------
    study : its effects with their covariance, and how well that is known.
    width, block : how many periods a block has, and what it is called.
    blocks_to_horizon : blocks after the start that lie up to the horizon, at least one.
    reliable : whether there are units enough to learn the errors from.
    """

    study: EventStudy
    width: int
    block: str
    blocks_to_horizon: int
    reliable: bool

    @property
    def shown(self) -> EventStudy:
        """The effects around the start that units enough stand behind to have an interval."""
        return shown_part(self.study)

    @property
    def weights(self) -> list[float]:
        """Weights of the shown effects after the start whose sum is the mean up to the horizon.

        Raises
        ------
        DesignError : an effect up to the horizon has no interval.
        """
        share = 1 / self.blocks_to_horizon
        after = self.shown.n_after
        if after < self.blocks_to_horizon:
            why = withheld(self.study)[self.study.n_before + after]
            raise DesignError(
                f"the effect up to the horizon has no error of its own: {why}",
                where="event study",
                remedy="bring in units that start together, or more of them",
            )
        return [share if block < self.blocks_to_horizon else 0.0 for block in range(after)]


@dataclass(frozen=True)
class EventEffects:
    """The effects by time since the start: rows, frames of figures, and the study behind them.

    ``study`` is None where the design carries none.
    """

    rows: list[dict[str, Any]]
    frames: dict[str, pd.DataFrame]
    study: BlockedStudy | None

    @property
    def after(self) -> pd.DataFrame:
        """The rows from the start on, with ``label`` ("Quarter 1")."""
        frame = pd.DataFrame([row for row in self.rows if row["event_time"] >= 0])
        if self.study is None or frame.empty:
            return frame
        block = self.study.block.capitalize()
        return frame.assign(label=[f"{block} {number}" for number in range(1, len(frame) + 1)])


def for_event_study(design: PanelDesign) -> PanelDesign:
    """Return the design as an event study shows it: every period, from the anticipated start."""
    shifted = {unit: start - design.anticipation for unit, start in design.adoption.items()}
    return replace(design, adoption=shifted, excluded=(), anticipation=0)


def blocked_study(
    panel: pd.DataFrame,
    design: PanelDesign,
    frequency: str,
    *,
    control_group: ControlGroup = "never-treated",
) -> BlockedStudy:
    """Return the event study of a panel made under `for_event_study`, in blocks.

    Raises
    ------
    DesignError : there are too few periods on a side, or nobody to compare with.
    """
    whole = cohort_event_study(
        design.counting.sized(panel),
        outcome="value",
        control_group=control_group,
        **design.counting.group_time,
    )
    width, block = _blocks(whole, frequency, design)
    study = in_blocks(whole, width)
    after = (design.horizon - max(design.adoption.values())).n + 1
    fewest = min(len(design.adoption), len(design.controls) or len(design.adoption))
    return BlockedStudy(
        study=study,
        width=width,
        block=block,
        blocks_to_horizon=min(max(after // width, 1), study.n_after),
        reliable=fewest >= TREATED_FOR_BOOTSTRAP,
    )


def _blocks(study: EventStudy, frequency: str, design: PanelDesign) -> tuple[int, str]:
    """Return the width of a block and what it is called.

    The covariance of the effects has the rank of the units less their groups at most: as many
    effects or more could not be told apart.
    """
    groups = len(set(design.adoption.values())) + bool(design.controls)
    rank = len(design.units) - groups
    ways = _BLOCKS[frequency]
    for width, block in ways:
        before, after = (study.n_before + 1) // width, study.n_after // width
        if max(before, after) <= MOST_BLOCKS and before + after - 1 < rank:
            return width, block
    return ways[-1]


def event_frames(
    panel: pd.DataFrame,
    design: PanelDesign,
    subject: Subject,
    frequency: str,
    *,
    control_group: ControlGroup = "never-treated",
) -> EventEffects:
    """Return the effects by time since the start as rows, and the frames of their figures.

    Frames: ``event-study`` (event_time in blocks, id, estimate, df, intervals and bands, reason:
    why an effect has none), ``pre-trend`` (one row: statistic, df, p_value, slope_half,
    slope_most, block: the test of the effects before the start, and the differences in trend that
    it would find half of the time and four times in five), empty where the design carries none.
    """
    try:
        found = blocked_study(panel, design, frequency, control_group=control_group)
    except DesignError as refusal:
        nothing = pd.DataFrame({"reason": [refusal.what], "indicator": subject.outcome})
        empty = nothing.iloc[:0]
        return EventEffects([], {"event-study": empty, "pre-trend": nothing}, None)
    frame = effects_of(found.study, ci_level=CI_LEVEL)
    if not found.reliable:
        frame[["std_error", "df", "ci_low", "ci_high", "band_low", "band_high"]] = math.nan
        frame.loc[frame["event_time"] != -1, "reason"] = TOO_FEW
    rows = [
        subject.row(
            t_contrast(
                float(row["estimate"]), float(row["std_error"]), float(row["df"]), ci_level=CI_LEVEL
            ),
            estimator=BY_EVENT_TIME,
            estimand=SINCE_START,
            role="secondary" if row["event_time"] >= 0 else "diagnostic",
            event_time=int(row["event_time"]) * found.width,
            variant=_since(int(row["event_time"]) * found.width),
            inference=NO_INTERVAL if row["reason"] else design.counting.words(FEW_UNITS),
            n_units=len(design.units),
            n_treated_units=len(design.adoption),
            note=_note(found, str(row["reason"])),
        )
        for _, row in frame.iterrows()
        if row["event_time"] != -1
    ]
    frame["id"] = [
        None if time == -1 else event_row_id(subject, int(time) * found.width)
        for time in frame["event_time"]
    ]
    pretrend = _pretrend(found).assign(indicator=subject.outcome)
    frames = {"event-study": frame.assign(block=found.block), "pre-trend": pretrend}
    return EventEffects(rows, frames, found)


def event_row_id(subject: Subject, event_time: int) -> str:
    """Return the key of the effect so many periods since the start."""
    row = subject.refused(
        estimator=BY_EVENT_TIME,
        estimand=SINCE_START,
        role="diagnostic",
        variant=_since(event_time),
    )
    return str(row["id"])


def _note(found: BlockedStudy, reason: str) -> str:
    against = (
        f"mean over {found.width} periods, against the {found.block} before the start"
        if found.width > 1
        else "against the period before the start"
    )
    return f"{against}; no interval: {reason}" if reason else against


def _since(event_time: int) -> str:
    return f"{'plus' if event_time >= 0 else 'minus'} {abs(event_time)}"


def _pretrend(found: BlockedStudy) -> pd.DataFrame:
    """Return the test of the effects before the start, and what it could have found."""
    columns = {"block": found.block, "n_before": found.study.n_before}
    if not found.reliable:
        return pd.DataFrame([{**columns, "reason": "too few units to learn the errors from"}])
    try:
        test = pretrend_test(found.shown, ci_level=CI_LEVEL)
        slopes = [
            undetected_slope(found.shown, power=power, critical=test.critical)
            for power in (0.5, 0.8)
        ]
    except DesignError as refusal:
        return pd.DataFrame([{**columns, "reason": refusal.what}])
    return pd.DataFrame(
        [
            {
                **columns,
                "statistic": test.statistic,
                "df": test.df,
                "p_value": test.p_value,
                "slope_half": slopes[0],
                "slope_most": slopes[1],
                "reason": "",
            }
        ]
    )
