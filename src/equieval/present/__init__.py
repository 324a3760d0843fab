"""Estimates in, pictures, tables and words out.

A maker is a function ``maker(data, **words)`` that returns a `Picture`, a `Table` or a
`Statement`. It shows what is in the frame it is handed and nothing else, and it writes
titles, alternative text and sentences from those numbers by stated rules.
"""
