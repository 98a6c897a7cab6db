"""Which sessions a Dagster run is about, read from its partition, range or configuration."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from etf_platform.core.config import Config
from etf_platform.orchestration.step import Window

if TYPE_CHECKING:
    from etf_platform.market.calendar import Sessions

PARTITION, RANGE_START, RANGE_END = (
    "dagster/partition",
    "dagster/asset_partition_range_start",
    "dagster/asset_partition_range_end",
)


def tagged_window(context: dg.OpExecutionContext | dg.AssetExecutionContext) -> Window:
    """The partition or range that the run is tagged with; an open window without one.

    Unpartitioned assets in a partitioned run see it too, as the day the run is about.
    """
    run = context.run
    day = run.tags.get(PARTITION)
    start, end = run.tags.get(RANGE_START, day), run.tags.get(RANGE_END, day)
    return Window(_date(start), _date(end), run.run_id)


def history_window(context: dg.AssetExecutionContext, config: Config) -> Window:
    """From `history_start` to the configured `until`; by default to the day before the first partition."""
    until = context.op_execution_context.op_config.get("until")
    last = _date(until) if until else date.fromisoformat(config.platform.first_partition) - timedelta(days=1)
    return Window(date.fromisoformat(config.platform.history_start), last, context.run.run_id)


def weekly_window(context: dg.OpExecutionContext | dg.AssetExecutionContext, sessions: "Sessions") -> Window:
    """The sessions of the ISO week whose Monday the run is tagged with; an open window without a tag."""
    window = tagged_window(context)
    if window.start is None:
        return window
    week = sessions.between(window.start, window.start + timedelta(days=6))
    return Window(week[0].date(), week[-1].date(), window.run_id)


def _date(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
