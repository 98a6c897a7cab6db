"""A code location of two assets, a check and a job, to try the harness on."""

import dagster as dg

DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-02-01")
RANGE = dg.BackfillPolicy.single_run()


@dg.asset(key=["market", "TINY", "bars"], group_name="market", partitions_def=DAYS, backfill_policy=RANGE)
def bars(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """Bars that do not exist."""
    picture = "![dot](data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=)"
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
