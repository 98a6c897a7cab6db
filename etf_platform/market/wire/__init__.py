"""The one place that sends: rate limits, time-outs, retries, circuit breakers, failover and provenance.

What to ask and how to read an answer stands in `market.sources`; when to ask and where to store in `orchestration`.
Clock, sleep, random draws and memory are handed in, so that a test of fifteen minutes takes none.
"""
