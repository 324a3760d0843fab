"""Disclosure control: the rules by which counts may be published."""
