"""Effects by time since exposure: the event study, and what its earlier periods can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from equieval.present import numbers, theme
from equieval.present.artefact import Picture, plain_frame, require
from equieval.present.figures import canvas
from equieval.present.figures.words import column, effect_words, subtitle
from equieval.present.wording import Result, better_or_worse, capitalise

BOTTOM, LEFT, RIGHT, TOP = 0.62, 0.62, 1.85, 0.66
CUT = "Intervals go on beyond the axis."
Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Course:
    """An event study, sorted by event time; ``clear``: the effect's interval excludes 0.

    The simultaneous band decides where there is one, since it holds for all times at once.
    """

    frame: pd.DataFrame
    time: canvas.Floats
    estimate: canvas.Floats
    low: canvas.Floats
    high: canvas.Floats
    band_low: canvas.Floats
    band_high: canvas.Floats
    reference: int

    @classmethod
    def of(cls, data: pd.DataFrame, reference: int) -> Course:
        """Sort the frame and read its columns."""
        frame = data.sort_values("event_time").reset_index(drop=True)
        names = ("event_time", "estimate", "ci_low", "ci_high", "band_low", "band_high")
        time, estimate, low, high, band_low, band_high = (column(frame, name) for name in names)
        return cls(frame, time, estimate, low, high, band_low, band_high, reference)

    @property
    def banded(self) -> bool:
        """Whether there is a simultaneous band."""
        return bool(np.isfinite(self.band_low).any())

    @property
    def sign(self) -> canvas.Floats:
        """The side of 0 on which each interval lies: 1, −1, or 0 for neither."""
        low, high = (self.band_low, self.band_high) if self.banded else (self.low, self.high)
        side: canvas.Floats = (low > 0).astype(float) - (high < 0).astype(float)
        return np.where(self.time == self.reference, 0.0, side)

    @property
    def after(self) -> Marks:
        """Which rows are at or after the start, and estimated."""
        marks: Marks = (self.time >= 0) & np.isfinite(self.estimate)
        return marks

    @property
    def before(self) -> Marks:
        """Which rows are before the start, estimated, and not the reference."""
        known = (self.time < 0) & (self.time != self.reference) & np.isfinite(self.estimate)
        marks: Marks = known
        return marks

    def row(self, place: int) -> Result:
        """Return one effect with its pointwise interval."""
        values = (self.estimate[place], self.low[place], self.high[place])
        return Result(*(float(value) for value in values))


def period_words(frequency: str, count: int = 1) -> str:
    """Return what one period is called: ``"financial-year"`` gives ``"financial years"``."""
    noun = frequency.replace("financial-", "financial ")
    return noun if count == 1 else f"{noun}s"


def event_study(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str,
    polarity: str = "low",
    frequency: str = "period",
    reference: int = -1,
    lower: str = "lower",
    higher: str = "higher",
    intervention: str = "the start",
    cannot_say: bool = False,
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """Effects by time since exposure, each with its interval and all with one band.

    Parameters
    ----------
    data : columns ``event_time, estimate, ci_low, ci_high`` and, where there, ``band_low,
        band_high`` (the simultaneous band). Event time 0 is the first exposed period.
    quantity : what is estimated, in running text: an outcome (``"stillbirth rate"``) or a
        gap (``"deprivation gap in stillbirth"``).
    frequency : what one period is (``"month"``, ``"financial-year"``).
    reference : the event time that the others are compared with.
    lower, higher : what effects under and over 0 mean; ``"narrower"``, ``"wider"`` for gaps.
    cannot_say : the design cannot carry the estimates; the title then says so.
    """
    require(data, ("event_time", "estimate", "ci_low", "ci_high"), "event_study")
    course = Course.of(data, reference)
    share = f"{ci_level * 100:g}%"
    with theme.figure_style():
        page, ax, _ = _axes(
            course, unit, frequency, [course.band_low, course.band_high], source, synthetic
        )
        limits = ax.get_ylim()
        if course.banded:
            ax.fill_between(
                course.time, np.clip(course.band_low, *limits), np.clip(course.band_high, *limits),
                color=theme.DARK_BLUE, alpha=0.14, linewidth=0, zorder=1,
            )  # fmt: skip
        _draw(ax, course)
        canvas.mark_start(page, ax, -0.5, _start_words(intervention))
        dots = Line2D([], [], color=theme.DARK_BLUE, marker="o", markersize=6,
                      linestyle="None")  # fmt: skip
        band = Line2D([], [], color=theme.DARK_BLUE, alpha=0.25, linewidth=9,
                      solid_capstyle="butt")  # fmt: skip
        hollow = Line2D([], [], color=theme.INK, marker="o", markersize=7, mfc="white",
                        linestyle="None")  # fmt: skip
        ends = [
            canvas.EndLabel(0.0, f"No difference from the {period_words(frequency)} before", hollow)
            if reference == -1
            else canvas.EndLabel(0.0, f"No difference from event time {_time(reference)}", hollow),
            canvas.EndLabel(_last(course.estimate), f"Effect and {share} interval", dots),
        ]
        if course.banded:
            ends.append(
                canvas.EndLabel(_last(course.band_high), f"{share} band for all at once", band)
            )
        canvas.label_ends(page, ax, ends)
    title = (
        f"These data cannot say whether the {quantity} changed after the start"
        if cannot_say
        else _course_title(course, quantity, frequency, lower, higher)
    )
    account = _course_account(course, quantity, unit, polarity, frequency, ci_level)
    return Picture(
        title=title,
        subtitle=subtitle(f"{effect_words(quantity, unit)}, by time since exposure", population),
        alt=f"{title}. {account}",
        data=plain_frame(course.frame),
        figure=page.figure,
        note=_reading(course, share),
    )


def _reading(course: Course, share: str) -> str:
    if course.banded:
        return (
            f"Lines are {share} intervals of each effect by itself; the band holds all of them at "
            "once and decides what the title calls clear."
        )
    return f"Lines are {share} intervals of each effect by itself; there is no band for all."


def _axes(
    course: Course,
    unit: str,
    frequency: str,
    bands: list[canvas.Floats],
    source: str,
    synthetic: bool,
) -> tuple[canvas.Sheet, Axes, canvas.Floats]:
    """The sheet with its axes, scaled so that no band flattens the effects."""
    core = np.append(np.concatenate([course.estimate, course.low, course.high]), 0.0)
    near = canvas.band_limits(np.append(course.estimate, 0.0))
    core = np.clip(core, *near)
    limits = canvas.band_limits(core)
    wide = np.concatenate([course.low, course.high, *bands])
    drawn = np.append(core, np.clip(wide, *limits))
    finite = wide[np.isfinite(wide)]
    cut = finite.size and (finite.min() < np.nanmin(drawn) or finite.max() > np.nanmax(drawn))
    page = canvas.sheet(4.2, source=source, synthetic=synthetic, remark=CUT if cut else "")
    ax = page.axes(LEFT, RIGHT, BOTTOM, TOP)
    canvas.value_axis(ax, drawn)
    ax.set_xlim(course.time.min() - 0.7, course.time.max() + 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10]))
    canvas.plain_ticks(ax, "x")
    noun = capitalise(period_words(frequency, 2))
    ax.set_xlabel(f"{noun} since the first exposed {period_words(frequency)}")
    ax.axhline(0, color=theme.INK_SECONDARY, linewidth=1.3, zorder=2)
    canvas.head_axis(page, f"Difference, {numbers.change_unit(unit)}")
    return page, ax, drawn


def _draw(ax: Axes, course: Course) -> None:
    bottom, top = ax.get_ylim()
    known = course.time != course.reference
    small = len(course.time) > 40
    ax.vlines(
        course.time[known], np.clip(course.low, bottom, top)[known],
        np.clip(course.high, bottom, top)[known], color=theme.DARK_BLUE,
        linewidth=1.2 if small else 2.0, zorder=3,
    )  # fmt: skip
    ax.plot(course.time[known], course.estimate[known], "o", color=theme.DARK_BLUE,
            markersize=4 if small else 6.5, zorder=4)  # fmt: skip
    ax.plot([course.reference], [0.0], "o", color=theme.INK, mfc="white", markersize=7, zorder=4)


def _start_words(intervention: str) -> str:
    return capitalise(intervention.removeprefix("the "))


def _time(event_time: float) -> str:
    return numbers.number(event_time, 0)


def _last(values: canvas.Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def _course_title(course: Course, quantity: str, frequency: str, lower: str, higher: str) -> str:
    total = int(course.after.sum())
    if not total:
        return f"The effect on the {quantity} after the start cannot be estimated"
    if not np.isfinite(course.low[course.after]).any():
        return (
            f"These data cannot say whether the {quantity} changed after the start: the effects "
            "have no intervals"
        )
    sign = course.sign
    down, up = (int((course.after & (sign == side)).sum()) for side in (-1, 1))
    noun = period_words(frequency, total)
    if not down and not up:
        said = f"The {quantity} shows no clear change in any of {total} {noun} from the start"
        if total == 1:
            said = f"The {quantity} shows no clear change at the start"
    else:
        sides = [f"{word} than expected in {_of(count, total, noun if place == 0 else '')}"
                 for place, (word, count) in enumerate(
                     (w, c) for w, c in ((lower, down), (higher, up)) if c)]  # fmt: skip
        said = f"The {quantity} was clearly {numbers.listing(sides)} from the start"
    return f"{said}; {_before_words(course, frequency)}"


def _of(count: int, total: int, noun: str) -> str:
    share = f"all {total}" if count == total > 1 else f"{count} of {total}"
    return " ".join(word for word in (share, noun) if word)


def _before_words(course: Course, frequency: str) -> str:
    total = int((course.before & np.isfinite(course.low)).sum())
    if not total:
        return "no earlier period checks the comparison"
    off = int((course.before & (course.sign != 0)).sum())
    noun = period_words(frequency, total)
    if not off:
        return (
            f"no clear difference in the {total} {noun} before"
            if total > 1
            else (f"no clear difference in the {noun} before")
        )
    return f"but it already differed in {_of(off, total, noun)} before"


def _course_account(
    course: Course, quantity: str, unit: str, polarity: str, frequency: str, ci_level: float
) -> str:
    after, before = np.flatnonzero(course.after), np.flatnonzero(course.before)
    parts = [
        f"Event study with {len(before)} {period_words(frequency, len(before))} before the "
        f"reference and {len(after)} from the start."
    ]
    if after.size:
        digits = numbers.decimals_for(float(np.nanmedian(np.abs(course.estimate[after]))))
        for place in dict.fromkeys((int(after[0]), int(after[-1]))):
            found = course.row(place)
            size = numbers.of_unit(
                numbers.change(found.estimate, digits), numbers.change_unit(unit)
            )
            judged = better_or_worse(found.side, polarity)
            span = numbers.interval_words(
                found.ci_low, found.ci_high, level=ci_level, decimals=digits
            )
            parts.append(
                f"At event time {_time(course.time[place])}: {size} ({span})"
                f"{f', {judged}' if judged else ''}."
            )
    if before.size:
        reach = course.estimate[before]
        digits = numbers.decimals_for(float(np.nanmax(np.abs(reach))))
        parts.append(
            "Before the start the differences run from "
            f"{numbers.interval(reach.min(), reach.max(), digits, signed=True)}."
        )
    return " ".join(parts)


def pretrend_power(
    data: pd.DataFrame,
    *,
    quantity: str,
    unit: str,
    slope: float,
    power: float,
    frequency: str = "period",
    reference: int = -1,
    intervention: str = "the start",
    population: str = "",
    ci_level: float = 0.95,
    source: str = "",
    synthetic: bool = False,
) -> Picture:
    """The event study beside a straight drift that the test of earlier periods could miss.

    Parameters
    ----------
    data : columns ``event_time, estimate, ci_low, ci_high, drift, after_passing``: the
        drift that is supposed, and what the estimates would be on average with it, without
        any effect, when the test of the periods before has been passed (Roth 2022).
    slope : the drift per period, in ``unit``.
    power : the chance that the test finds such a drift, from 0 to 1.
    """
    require(
        data,
        ("event_time", "estimate", "ci_low", "ci_high", "drift", "after_passing"),
        "pretrend_power",
    )
    course = Course.of(data, reference)
    drift, passing = column(course.frame, "drift"), column(course.frame, "after_passing")
    share = f"{ci_level * 100:g}%"
    with theme.figure_style():
        page, ax, _ = _axes(course, unit, frequency, [drift, passing], source, synthetic)
        limits = ax.get_ylim()
        ax.set_ylim(limits)
        _draw(ax, course)
        looks: tuple[tuple[canvas.Floats, str, Mapping[str, object]], ...] = (
            (drift, "Supposed drift", {"color": theme.ORANGE, "linestyle": (0, (4, 2))}),
            (passing, "Average estimate with that drift, no effect and the test passed",
             {"color": theme.DARK_PINK, "linestyle": (0, (1, 1.3))}),
        )  # fmt: skip
        dots = Line2D([], [], color=theme.DARK_BLUE, marker="o", markersize=6,
                      linestyle="None")  # fmt: skip
        ends = [canvas.EndLabel(_last(course.estimate), f"Estimate and {share} interval", dots)]
        for values, words, style in looks:
            ax.plot(course.time, values, zorder=3.5, **style)  # type: ignore[arg-type]
            end = float(np.clip(_last(values), *limits))
            ends.append(canvas.EndLabel(end, words, Line2D([], [], **style)))  # type: ignore[arg-type]
        canvas.label_ends(page, ax, ends)
        canvas.mark_start(page, ax, -0.5, _start_words(intervention))
    size = numbers.of_unit(numbers.number(abs(slope)), numbers.change_unit(unit))
    chance = numbers.percent(power)
    title = f"{_power_words(power)}: a drift of {size} per {period_words(frequency)} "
    title += f"shows in {chance} of cases"
    last = int(np.flatnonzero(np.isfinite(course.estimate))[-1])
    digits = numbers.decimals_for(course.estimate[last], drift[last])
    return Picture(
        title=title,
        subtitle=subtitle(f"{effect_words(quantity, unit)}, by time since exposure", population),
        alt=f"{title}. At event time {_time(course.time[last])} the estimate is "
        f"{numbers.change(course.estimate[last], digits)}; the drift alone would give "
        f"{numbers.change(drift[last], digits)}, and "
        f"{numbers.change(passing[last], digits)} on average where the test was passed.",
        data=plain_frame(course.frame),
        figure=page.figure,
        note="Passing the test of the earlier periods is no evidence of parallel trends unless "
        "the test would have found the drift.",
    )


def _power_words(power: float) -> str:
    """What the power of the test means: 80% is likely, under a half is a miss."""
    if numbers.is_missing(power):
        return "How much the test of earlier periods would find is not known"
    if power >= 0.8:
        return "The test of earlier periods would probably find this drift"
    if power >= 0.5:
        return "The test of earlier periods might well miss this drift"
    return "The test of earlier periods would more often miss this drift than find it"
