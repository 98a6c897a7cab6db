"""Numbers in, numbers out: returns, drawdown, ratios, tests. No tables of the lake, no files, no configuration."""
