"""Indicators: bars to named columns, one file per family.

Not here: what a column means for a position (`strategies`).
"""
