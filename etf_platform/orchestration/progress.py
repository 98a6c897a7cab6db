"""A Dagster logger that tells a callback which step has just ended; the command line shows it as a progress bar."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

StepEnded = Callable[[str, bool], None]
_listener: ContextVar[StepEnded | None] = ContextVar("step_listener", default=None)

QUIET: dict[str, object] = {"loggers": {"progress": {"config": {}}}}


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        listener = _listener.get()
        event = (getattr(record, "dagster_meta", None) or {}).get("dagster_event")
        if listener is None or event is None or event.step_key is None:
            return
        if event.is_step_success or event.is_step_failure or event.is_step_skipped:
            listener(event.step_key, event.is_step_success)


@dg.logger(None, description="Forwards the end of every step to the command line's progress bar; prints nothing.")
def progress_logger(context: dg.InitLoggerContext) -> logging.Logger:
    """The logger `progress` of the code location."""
    logger = logging.Logger("etf_platform.progress", level=logging.DEBUG)
    logger.addHandler(_Handler())
    return logger


@contextmanager
def listening(listener: StepEnded | None) -> Iterator[None]:
    """Call `listener(step_key, succeeded)` for every step that ends inside the block."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
