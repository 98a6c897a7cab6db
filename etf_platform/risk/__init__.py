"""Risk: returns and fills to VaR, ES, exception tests and attribution. Not here: estimators of a sample (`measures`)."""
