"""Markdown, HTML and plots for people, made from stored tables.

Here: pure functions from DataFrames to text, PNG bytes and files of the original's output tree. Not here: reading the
lake, judging (`fuses`, `kpi`), sending (`alerts`), and anything Dagster knows. Percent and thousands separators exist
only in this package.
"""
