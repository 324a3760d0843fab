"""Figure makers: ``maker(data, **words) -> Picture``, and figures as bytes.

Rules (Government Analysis Function): at most four categories told apart by colour,
direct labels rather than legends, horizontal text, light gridlines, whole years on time
axes, axes from zero where bars stand on them. Titles state the finding; the source, and
"Synthetic data" where they are, stand inside the picture. Nothing is told by colour alone.
"""

from equieval.present.figures.adopting import adoption, bacon_weights
from equieval.present.figures.chance import placebo_distribution
from equieval.present.figures.effects import headline, levelling
from equieval.present.figures.event_times import event_study, pretrend_power
from equieval.present.figures.forests import forest
from equieval.present.figures.funnels import funnel
from equieval.present.figures.inequality import equiplot, gap_series, sii_fit
from equieval.present.figures.over_time import arms_over_time, rates_by_group
from equieval.present.figures.placebos import placebo_forest
from equieval.present.figures.pooling import coverage, pooled_forest
from equieval.present.figures.quality import autocorrelation, completeness_heatmap
from equieval.present.figures.repetitions import repetitions
from equieval.present.figures.saving import png_bytes, svg_bytes
from equieval.present.figures.sensitivity import sensitivity, specification_curve
from equieval.present.figures.series import counterfactual_series
from equieval.present.figures.sources import source_agreement

__all__ = [
    "adoption",
    "arms_over_time",
    "autocorrelation",
    "bacon_weights",
    "completeness_heatmap",
    "counterfactual_series",
    "coverage",
    "equiplot",
    "event_study",
    "forest",
    "funnel",
    "gap_series",
    "headline",
    "levelling",
    "placebo_distribution",
    "placebo_forest",
    "png_bytes",
    "pooled_forest",
    "pretrend_power",
    "rates_by_group",
    "repetitions",
    "sensitivity",
    "sii_fit",
    "source_agreement",
    "specification_curve",
    "svg_bytes",
]
