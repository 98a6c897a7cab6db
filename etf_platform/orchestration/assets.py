"""Turns steps into software-defined assets, one per pool; the bodies hold no arithmetic."""

from collections.abc import Iterator

import dagster as dg

from etf_platform.orchestration import metadata
from etf_platform.orchestration.failures import RETRY, translated
from etf_platform.orchestration.graph import LIVE_STEPS, POOL_STEPS, PORTFOLIO_STEPS, UNIVERSE_STEPS
from etf_platform.orchestration.graph_arbitrage import FUND_STEPS, STOCK_STEPS
from etf_platform.orchestration.graph_operations import POOL_OPERATIONS, PORTFOLIO_OPERATIONS, WEEKLY
from etf_platform.orchestration.graph_scoring import SCORING_STEPS
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Step
from etf_platform.orchestration.windows import history_window, tagged_window, weekly_window

GO_ON = dg.AutomationCondition.eager() & dg.AutomationCondition.all_deps_blocking_checks_passed()

BY_HAND = ("history", "weekly", "quotes", WEEKLY)  # jobs that nothing upstream sets off


def build_assets(platform: Platform, partitions: dict[str, dg.PartitionsDefinition]) -> list[dg.AssetsDefinition]:
    """Every asset of every pool, of the portfolio, of every universe, of the limit-up tracker and of the scoring.

    `partitions` are sessions by universe, and weeks by the name of the weekly job.
    """
    return [
        build_asset(step, universe, platform, partitions[WEEKLY if step.job == WEEKLY else universe])
        for universe, step in steps_of(platform)
    ]


def steps_of(platform: Platform) -> Iterator[tuple[str, Step]]:
    """Every (universe, step) of this configuration, upstream first."""
    for pool in platform.config.pools:
        yield from ((pool, step) for step in (*POOL_STEPS, *_live_steps(platform, pool)))
    yield from ((pool, step) for pool in platform.config.pools for step in POOL_OPERATIONS)
    yield from ((PORTFOLIO, step) for step in (*PORTFOLIO_STEPS, *PORTFOLIO_OPERATIONS))
    for universe in platform.config.universes.universes:
        yield from ((universe, step) for step in UNIVERSE_STEPS)
    tracker = platform.config.arbitrage
    yield from ((tracker.funds, step) for step in FUND_STEPS)
    yield from ((tracker.stocks, step) for step in STOCK_STEPS)
    yield from ((platform.config.scoring.universe, step) for step in SCORING_STEPS)


def _live_steps(platform: Platform, pool: str) -> tuple[Step, ...]:
    """Steps that need at least two network providers of the pool's exchange."""
    return LIVE_STEPS if platform.provides_quotes(pool) else ()


def asset_key(address: str, universe: str) -> dg.AssetKey:
    """Asset key of a step's address."""
    return dg.AssetKey(address.format(pool=universe, each=universe, stocks=universe, funds=universe).split("/"))


def upstream(step: Step, universe: str, platform: Platform) -> list[dg.AssetKey]:
    """Keys of what a step needs; `{each}` becomes every pool, `{stocks}` and `{funds}` the tracker's universes."""
    tracker = platform.config.arbitrage
    others = {"{each}": tuple(platform.config.pools), "{stocks}": (tracker.stocks,), "{funds}": (tracker.funds,)}
    return [
        asset_key(need, pool)
        for need in step.needs
        for pool in next((found for mark, found in others.items() if mark in need), (universe,))
    ]


def build_asset(
    step: Step, universe: str, platform: Platform, partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """One asset."""
    is_history, is_weekly = step.job == "history", step.job == WEEKLY

    @dg.asset(
        key=asset_key(step.address, universe),
        deps=upstream(step, universe, platform),
        description=step.description + _simulated(platform),
        group_name=step.layer,
        kinds=set(step.kinds),
        owners=list(platform.config.platform.owners),
        tags={"universe": universe},
        metadata=metadata.standing(step, universe, str(platform.workspace.lake)),
        partitions_def=partitions if step.is_partitioned else None,
        backfill_policy=dg.BackfillPolicy.single_run() if step.is_partitioned and not is_weekly else None,
        automation_condition=None if step.job in BY_HAND else GO_ON,
        retry_policy=RETRY,
        config_schema={"until": dg.Field(str, is_required=False)} if is_history else None,
        required_resource_keys={"platform"},
        code_version=platform.config.digest,
    )
    def body(context) -> dg.MaterializeResult:  # type: ignore[no-untyped-def]
        held = context.resources.platform
        if is_weekly:
            window = weekly_window(context, held.sessions(universe))
        else:
            window = history_window(context, held.config) if is_history else tagged_window(context)
        with translated(context):
            outcome = held.perform(step, universe, window)
        return dg.MaterializeResult(metadata=metadata.of_run(outcome))

    return body


def _simulated(platform: Platform) -> str:
    return " **SIMULATED DATA** (source `sample`)." if platform.source.kind == "sample" else ""
