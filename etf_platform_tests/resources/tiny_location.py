"""A code location of two assets, a check and a job, to try the harness on."""

from base64 import b64encode

import dagster as dg

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
DOT = b'<svg xmlns="http://www.w3.org/2000/svg" width="99" height="99"><circle cx="50" cy="50" r="40"/></svg>'
RANGE = dg.BackfillPolicy.single_run()


@dg.asset(key=["market", "TINY", "bars"], group_name="market", partitions_def=DAYS, backfill_policy=RANGE)
def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Bars that do not exist."""
    picture = f"![dot](data:image/svg+xml;base64,{b64encode(DOT).decode()})"
    return dg.MaterializeResult(
        metadata={"dagster/row_count": len(context.partition_keys), "plot": dg.MetadataValue.md(picture)}
    )


@dg.asset(
    key=["factors", "TINY", "panel"], group_name="factors", partitions_def=DAYS, backfill_policy=RANGE, deps=[bars]
)
def panel() -> dg.MaterializeResult:
    """A panel of nothing."""
    return dg.MaterializeResult()


@dg.asset_check(asset=bars, blocking=True)
def bars_are_there() -> dg.AssetCheckResult:
    """There are bars."""
    return dg.AssetCheckResult(passed=True, metadata={"observed": 1.0})


defs = dg.Definitions(
    assets=[bars, panel], asset_checks=[bars_are_there], jobs=[dg.define_asset_job("tiny_job", selection="*")]
)
