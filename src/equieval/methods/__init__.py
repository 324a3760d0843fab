"""Pure statistics: data frames in, data frames and frozen results out.

Nothing here reads a file, draws a picture or knows a parameters file. Each module states the
paper or standard it implements; ``tests/validation`` holds each to published answers.
"""
