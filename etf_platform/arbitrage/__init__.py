"""Limit-up states, holdings and quotes to signals on funds: pure functions over tables. No network, no storage."""
