"""Single-asset back-test: one strategy's `step` on one symbol, session by session, with what is really held.

`run` makes the account, `metrics` its figures, `sweep` and `walk_forward` ask many parameter sets. The conventions of
filling and earning stand in `timing`, and nowhere else. Not here: the strategies and their indicators, which arrive as
values and columns, and anything for people to read.
"""
