"""Releases: what leaves the project, checked, frozen, and never changed afterwards.

`store.release` publishes a draft; `version.list_releases` reads what was published;
`gate` says what may not leave, `compare` what changed, `verify` whether it was reproduced.
Import from the modules: the portfolio can be listed without loading what a release needs.
"""
