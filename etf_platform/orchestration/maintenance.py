"""The `maintenance` job: compact the lake's small files and drop versions that nothing refers to."""

import dagster as dg

from etf_platform.orchestration.failures import translated


@dg.op(
    name="compact_and_vacuum",
    description="Compacts every table and drops files older than the retention that no snapshot refers to.",
    required_resource_keys={"platform"},
)
def compact_and_vacuum(context: dg.OpExecutionContext) -> None:
    """Run the lake's maintenance; what was done is logged and shown as metadata."""
    from etf_platform.orchestration.steps.upkeep import maintain

    with translated(context):
        done = maintain(context.resources.platform)
    context.add_output_metadata({address: str(what) for address, what in done.items()})


def build_maintenance() -> dg.JobDefinition:
    """The job `maintenance`."""

    @dg.job(name="maintenance", description="Keeps the lake small: compaction and vacuum.")
    def maintenance() -> None:
        compact_and_vacuum()

    return maintenance
