"""The registry of operations metrics: every `Metric` in a module of this folder is one.

Records with the few lines that read their value. Not here: figures of the back-test (`kpi.registry`), arithmetic that
others need too (`measures`).
"""

from functools import cache

from etf_platform.core.catalog import collect
from etf_platform.kpi.metric import Metric


@cache
def registry() -> tuple[Metric, ...]:
    """All records, by module and place."""
    import sys

    return tuple(collect(sys.modules[__name__], Metric))


def named(key: str) -> Metric:
    """The record of a key.

    Raises
    ------
    KeyError
        There is none.
    """
    return {metric.key: metric for metric in registry()}[key]
