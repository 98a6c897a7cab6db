"""Turns fuses into Dagster asset checks, one multi-check per guarded asset and universe.

The first of the three gates: a fuse with `on_fail="halt"` becomes a blocking check.
"""

from collections.abc import Iterator

import dagster as dg

from etf_platform.core.states import State
from etf_platform.core.units.fuse import Fuse, Reading
from etf_platform.orchestration.assets import asset_key, steps_of
from etf_platform.orchestration.failures import RETRY, translated
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Step
from etf_platform.orchestration.units import enabled_fuses
from etf_platform.orchestration.windows import tagged_window

SEVERITY = {State.WARN: dg.AssetCheckSeverity.WARN}


def build_checks(platform: Platform) -> list[dg.AssetChecksDefinition]:
    """The checks of every asset that at least one fuse guards."""
    return [
        _check(universe, step, fuses)
        for universe, step in steps_of(platform)
        if step.job != "history" and (fuses := fuses_on(platform, step, universe))
    ]


def fuses_on(platform: Platform, step: Step, universe: str) -> list[Fuse]:
    """Enabled fuses that guard a table which this step writes, and apply to this universe."""
    written = {f"{table.layer}/{table.name}" for table in step.tables}
    universes, names = platform.config.universes.universes, platform.config.arbitrage
    others = {names.stocks: "stocks", names.funds: "funds", platform.config.scoring.universe: "scored"}
    return [
        f for f in enabled_fuses(platform.config) if f.guards in written and f.applies_to(universe, universes, others)
    ]


def _check(universe: str, step: Step, fuses: list[Fuse]) -> dg.AssetChecksDefinition:
    key = asset_key(step.address, universe)
    specs = [
        dg.AssetCheckSpec(
            fuse.name,
            asset=key,
            description=fuse.sentence,
            blocking=fuse.on_fail == "halt",
            metadata={"on_fail": fuse.on_fail, "guards": fuse.guards},
        )
        for fuse in fuses
    ]

    @dg.multi_asset_check(
        name="__".join([*key.path, "fuses"]),
        description=f"The fuses on {key.to_user_string()}.",
        specs=specs,
        can_subset=True,
        retry_policy=RETRY,
        required_resource_keys={"platform"},
    )
    def body(context) -> Iterator[dg.AssetCheckResult]:  # type: ignore[no-untyped-def]
        held, window = context.resources.platform, tagged_window(context)
        if window.end is None and not held.has_started(universe):  # the job `checks` is about all universes
            context.log.info(f"{universe} has no data yet: there is nothing to judge")
            return
        wanted = {check.name for check in context.selected_asset_check_keys}
        with translated(context):
            judged = held.judge(universe, [fuse for fuse in fuses if fuse.name in wanted], window)
        for fuse, reading in judged:
            yield result_of(fuse, reading, key)

    return body


def result_of(fuse: Fuse, reading: Reading, key: dg.AssetKey) -> dg.AssetCheckResult:
    """PASS passes; WARN is a warning; FAIL and BLOCKED are errors."""
    return dg.AssetCheckResult(
        passed=reading.state is State.PASS,
        asset_key=key,
        check_name=fuse.name,
        severity=SEVERITY.get(reading.state, dg.AssetCheckSeverity.ERROR),
        description=reading.reason or None,
        metadata={
            "state": str(reading.state),
            "observed": "not defined" if reading.observed is None else reading.observed,
            "limit": "none" if reading.limit is None else reading.limit,
            "on fail": fuse.on_fail,
            "details": dict(reading.details),
        },
    )
