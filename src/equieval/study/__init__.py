"""Study: the one place that turns an evaluation into answers. What notebooks open and ask.

page = study.open_page("effect", identity=identity, data=data, ...)
analysis = study.analyse(page)
"""

from equieval.study.analyse import analyse, estimates_of
from equieval.study.analysis import Analysis
from equieval.study.page import Page, open_page

__all__ = ["Analysis", "Page", "analyse", "estimates_of", "open_page"]
