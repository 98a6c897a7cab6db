"""Key figures as they stood on a day, judged against their thresholds.

`registry` says which figures there are, `snapshot` makes the rows, `observed` counts what the panel itself shows. Not
here: how a return or a drawdown is computed (`measures.performance`), what stops a pipeline (`fuses`).
"""
