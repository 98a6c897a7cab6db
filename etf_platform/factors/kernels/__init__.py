"""The factors: one file per family, one plain function per computation.

A kernel gets one symbol's contiguous arrays (oldest first, prices times `adj_factor`), its parameters, and `out`
filled with NaN; it is only called with at least `warmup` rows. Row *t* may use rows up to *t* and must not depend on
how long the series is: windows come from `windows` (by doubling), never from running sums. Copy the nearest example;
the column, its metadata and its contract tests appear by themselves.
"""
