"""What Dagster's records cost: a single-run backfill of empty assets, per partition and asset.

    python -m benchmarks.bookkeeping --json out.json
    python -m benchmarks.bookkeeping --assets 13 --partitions 2520 --rounds 1 --only ours

Variants take turns within each round, after a warm-up of each; median, minimum and maximum of the rounds.
"""

import gc
import json
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click
import dagster as dg
from dagster._core.instance.ref import InstanceRef

BATCH = "DAGSTER_EVENT_BATCH_SIZE"
OURS = {"module": "etf_platform.orchestration.instance.event_log", "class": "FastSqliteEventLogStorage"}
CONSOLIDATED = {"module": "dagster._core.storage.event_log", "class": "ConsolidatedSqliteEventLogStorage"}


class Variant(NamedTuple):
    """One way to keep the books: the batch size, and the event log's class (None: Dagster's default)."""

    name: str
    batch_size: int
    storage: dict[str, str] | None = None
    in_memory: bool = False


VARIANTS = (
    Variant("default", 0),
    Variant("default_batch", 1000),
    Variant("consolidated_batch", 1000, CONSOLIDATED),
    Variant("ours_no_batch", 0, OURS),
    Variant("ours", 1000, OURS),
    Variant("memory", 0, in_memory=True),
)


def build_job(assets: int) -> dg.JobDefinition:
    """Chain of `assets` daily-partitioned assets without a body, each one step over the whole range."""
    days = dg.DailyPartitionsDefinition("2015-01-01", end_date="2026-01-01")

    def empty(number: int) -> dg.AssetsDefinition:
        deps = [dg.AssetKey(["bench", f"a{number - 1}"])] if number else []

        @dg.asset(
            key=["bench", f"a{number}"], partitions_def=days, deps=deps, backfill_policy=dg.BackfillPolicy.single_run()
        )
        def body() -> dg.MaterializeResult[Any]:
            return dg.MaterializeResult(metadata={"dagster/row_count": 5})

        return body

    job = dg.define_asset_job("bench", selection=dg.AssetSelection.all())
    return dg.Definitions(assets=[empty(n) for n in range(assets)], jobs=[job]).resolve_job_def("bench")


@contextmanager
def open_variant(variant: Variant, folder: str) -> Iterator[dg.DagsterInstance]:
    """A fresh instance below `folder`, with the batch size of the variant in the environment."""
    os.environ[BATCH] = str(variant.batch_size)
    if variant.in_memory:
        with dg.DagsterInstance.ephemeral() as instance:
            yield instance
        return
    overrides: dict[str, Any] = {"telemetry": {"enabled": False}}
    if variant.storage:
        overrides["event_log_storage"] = {**variant.storage, "config": {"base_dir": f"{folder}/history/runs"}}
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(folder, overrides=overrides)) as instance:
        yield instance


def time_variant(variant: Variant, job: dg.JobDefinition, partitions: int, folder: str | None) -> dict[str, float]:
    """Wall and CPU seconds of one range run; opening the instance is not counted, closing it is not either."""
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys()
    tags = {
        "dagster/asset_partition_range_start": keys[0],
        "dagster/asset_partition_range_end": keys[partitions - 1],
    }
    with tempfile.TemporaryDirectory(dir=folder) as home, open_variant(variant, home) as instance, _quiet():
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        result = job.execute_in_process(instance=instance, tags=tags)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        done = instance.get_materialized_partitions(dg.AssetKey(["bench", "a0"]))
    assert result.success and len(done) == partitions
    return {"wall": wall, "cpu": cpu}


@contextmanager
def _quiet() -> Iterator[None]:
    """Send Dagster's line per event nowhere, for every variant alike."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def summarise(name: str, runs: list[dict[str, float]], events: int) -> dict[str, Any]:
    """Milliseconds per partition and asset."""
    wall = [1e3 * run["wall"] / events for run in runs]
    cpu = [1e3 * run["cpu"] / events for run in runs]
    return {
        "variant": name,
        "ms_median": statistics.median(wall),
        "ms_min": min(wall),
        "ms_max": max(wall),
        "cpu_ms_median": statistics.median(cpu),
        "total_s_median": statistics.median(run["wall"] for run in runs),
    }


@click.command()
@click.option("--assets", default=3, show_default=True)
@click.option("--partitions", default=120, show_default=True)
@click.option("--rounds", default=5, show_default=True)
@click.option(
    "--only", multiple=True, type=click.Choice([v.name for v in VARIANTS]), help="Variants; all if not given."
)
@click.option("--folder", help="Where the databases are written; the system's temporary folder if not given.")
@click.option("--json", "output", type=click.Path(path_type=Path))
def main(assets: int, partitions: int, rounds: int, only: tuple[str, ...], folder: str | None, output: Path | None):
    chosen = [v for v in VARIANTS if not only or v.name in only]
    job = build_job(assets)
    small = build_job(1)
    for variant in chosen:
        time_variant(variant, small, 5, folder)
    runs: dict[str, list[dict[str, float]]] = {variant.name: [] for variant in chosen}
    for _ in range(rounds):
        for variant in chosen:
            runs[variant.name].append(time_variant(variant, job, partitions, folder))
    rows = [summarise(name, found, assets * partitions) for name, found in runs.items()]
    for row in rows:
        click.echo(
            f"{row['variant']:20} {row['ms_median']:7.2f} ms (min {row['ms_min']:.2f}, max {row['ms_max']:.2f}; "
            f"CPU {row['cpu_ms_median']:.2f})  total {row['total_s_median']:.1f} s"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    click.echo(f"{assets} assets x {partitions} partitions, {rounds} rounds; peak memory {peak:.0f} MB")
    if output:
        figures = {"assets": assets, "partitions": partitions, "rounds": rounds, "peak_mb": peak, "variants": rows}
        output.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
