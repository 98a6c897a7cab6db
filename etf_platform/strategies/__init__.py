"""Panel and bars to scores and target weights: pure functions, one file per strategy, parts beside them.

`rotation` is the strategy; `matrices`, `directions`, `eligibility`, `scores`, `decisions`, `selection` and `regime` are
its parts. Not here: factors, fills, the shift of one session (that stands in `backtest`, once).
"""
