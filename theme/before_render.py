"""Quarto runs this before it renders the site: write what the pages include."""

import project_python

project_python.run("before")
