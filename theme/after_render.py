"""Quarto runs this after it rendered the site: add the published versions, check the whole."""

import project_python

project_python.run("after")
