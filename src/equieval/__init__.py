"""Reproducible evaluation of health-equity interventions."""

__version__ = "0.1.0"
