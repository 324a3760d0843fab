"""Releases: what leaves the project, checked, frozen, and never changed afterwards."""
