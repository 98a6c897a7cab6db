"""Risk: returns and fills to VaR, ES, exception tests, attribution. Not here: estimators of a sample (`measures`)."""
