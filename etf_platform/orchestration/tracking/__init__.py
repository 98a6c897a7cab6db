"""The limit-up tracker at work: a look at the market, what follows from it, one transaction, and who asks for it.

Thresholds, words and arithmetic are `arbitrage`; requests and replies `market`; rows `storage.tracker`.
"""

SENSOR, JOB = "arbitrage_monitor", "arbitrage_scan"
