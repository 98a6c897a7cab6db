"""The one bridge from our typed errors to Dagster's three retry mechanisms.

A `retryable` error lets the step's `RetryPolicy` try again. A permanent one fails the step at once
(`Failure(allow_retries=False)`) and stamps the run, so that the run-retry daemon does not start it again either.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from etf_platform.core.errors import PlatformError

RETRY = dg.RetryPolicy(max_retries=3, delay=2.0, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)
NO_RUN_RETRY = {"dagster/max_retries": "0"}


@contextmanager
def translated(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Iterator[None]:
    """Turn a `PlatformError` of the block into a `dagster.Failure` that says what to do."""
    try:
        yield
    except PlatformError as error:
        if not error.retryable:
            context.instance.add_run_tags(context.run.run_id, NO_RUN_RETRY)
        raise dg.Failure(
            description=str(error),
            metadata={
                "error": type(error).__name__,
                "doing": error.doing,
                "saw": error.saw,
                "what to do": error.remedy,
                "retryable": error.retryable,
            },
            allow_retries=error.retryable,
        ) from error
