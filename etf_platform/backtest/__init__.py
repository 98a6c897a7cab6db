"""Layer 5: targets x prices -> fills, equity, metrics, months, capacity; parameter sweeps for research.

Here, and nowhere else, stands the one shift between deciding and trading: a target decided at the close of a session
fills in the next one. Nothing here scores, stores, or knows Dagster.
"""
