"""Runs fuses on stored tables and records every verdict in the ops database; knows no Dagster."""

import functools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from etf_platform.core import tables as t
from etf_platform.core.schema import Table
from etf_platform.core.units.fuse import INPUTS, Fuse, FuseContext, Reading
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.step import Window

if TYPE_CHECKING:
    import pandas as pd

    from etf_platform.storage.ledger import Verdict


def judge(platform: Platform, universe: str, fuses: Sequence[Fuse], window: Window) -> list[tuple[Fuse, Reading]]:
    """Judge one universe as of the window's end (default: its last stored session) and record the verdicts.

    Listings are of the running session and may be newer than the bars: alone they are judged as of their own last.
    """
    from etf_platform.storage.ledger import record_verdicts

    context = fuse_context(platform, universe, window.end or _last_listing(platform, universe, fuses))
    tables = load_inputs(platform, universe, fuses)
    context = replace(context, panel_columns=_panel_columns(platform, universe, fuses, context))
    judged = [(fuse, fuse.run({n: tables[n] for n in fuse.inputs if n in tables}, context)) for fuse in fuses]
    record_verdicts(platform.ops, [_verdict(platform, fuse, reading, context, window) for fuse, reading in judged])
    return judged


def _verdict(platform: Platform, fuse: Fuse, reading: Reading, context: FuseContext, window: Window) -> "Verdict":
    from etf_platform.storage.ledger import Verdict

    guarded = next(table for table in INPUTS.values() if f"{table.layer}/{table.name}" == fuse.guards)
    return Verdict(
        universe=context.universe,
        guards=fuse.guards,
        fuse=fuse.name,
        as_of=context.as_of.date() if context.as_of is not None else date.min,
        state=str(reading.state),
        observed=reading.observed,
        limit=reading.limit,
        reason=reading.reason,
        run_id=window.run_id,
        table_version=platform.lake.version(guarded, context.universe),
        config_digest=platform.config.digest,
    )


def load_inputs(platform: Platform, universe: str, fuses: Sequence[Fuse]) -> "dict[str, pd.DataFrame]":
    """Every table that these fuses read, once; tables that were never written are left out.

    Open columns (343 factors) are left out too where no fuse looks at them.
    """
    names = sorted({name for fuse in fuses for name in fuse.inputs})
    return {
        name: platform.lake.read(INPUTS[name], universe, columns=_needed(name, fuses))
        for name in names
        if platform.lake.exists(INPUTS[name], universe)
    }


def _needed(name: str, fuses: Sequence[Fuse]) -> list[str] | None:
    if any(name in fuse.inputs and name not in fuse.declared_only for fuse in fuses):
        return None
    return [column.name for column in INPUTS[name].columns]


def _panel_columns(
    platform: Platform, universe: str, fuses: Sequence[Fuse], context: FuseContext
) -> "pd.DataFrame | None":
    """Facts of the stored panel's factors up to the judged session; None when the whole panel is loaded, or none is."""
    if all("panel" not in fuse.inputs for fuse in fuses) or _needed("panel", fuses) is None:
        return None
    if context.as_of is None or not platform.lake.exists(t.PANEL, universe):
        return None
    from etf_platform.measures.columns import fact_arrays, facts_from, joined_facts
    from etf_platform.storage.settled import figures

    described = {column.name for column in t.PANEL.columns}
    columns = [name for name in platform.lake.listing(t.PANEL, universe).schema.names if name not in described]
    folder = platform.workspace.home / "cache" / "settled"
    parts, _ = figures(platform.lake, t.PANEL, universe, columns, fact_arrays, folder, context.as_of.date())
    return joined_facts([facts_from(part, columns) for part in parts])


def fuse_context(platform: Platform, universe: str, as_of: date | None) -> FuseContext:
    """What fuses may know besides tables."""
    import pandas as pd

    from etf_platform.market.fetch import tolerance_of

    config = platform.config
    weights = config.etf_pools.strategy.portfolio.weights
    last: Any = as_of or platform.lake.last_day(_first_table(universe), universe)
    day = pd.Timestamp(last)
    return FuseContext(
        universe=universe,
        as_of=day,
        thresholds=config.etf_pools.ci_thresholds,
        settings=config.fuses,
        risk=config.risk,
        sessions=platform.sessions(universe).index,
        accepted=_accepted(platform, universe, day.date()),
        in_portfolio=universe == PORTFOLIO or weights.get(universe, 0.0) > 0.0,
        top_n=config.etf_pools.strategy.top_n,
        warn_sessions=config.platform.calendar.warn_sessions,
        unit_factor=tolerance_of(platform.source).amount_factor,
        max_failed_share=config.factors.max_failed_share,
        panel_meta=stored_meta(platform, universe),
        **({} if universe == PORTFOLIO else _recomputations(platform, universe)),
    )


def stored_meta(platform: Platform, universe: str) -> dict[str, object] | None:
    """`panel_meta` as it was written with the panel; None when there is none."""
    if not platform.lake.exists(t.PANEL_META, universe):
        return None
    frame = platform.lake.read(t.PANEL_META, universe)
    return {key: _parsed(value) for key, value in zip(frame["entry"], frame["value"], strict=True)}


@functools.lru_cache(maxsize=64)
def _parsed(value: str) -> object:
    """The same entry is asked for by every group of fuses; nobody changes what it gives."""
    return json.loads(value)


def has_started(platform: Platform, universe: str) -> bool:
    """Whether a universe has any day as of which it could be judged."""
    return platform.lake.exists(_first_table(universe), universe)


def _first_table(universe: str) -> Table:
    return t.EQUITY if universe == PORTFOLIO else t.BARS


def _last_listing(platform: Platform, universe: str, fuses: Sequence[Fuse]) -> date | None:
    is_of_listings = all(fuse.guards == "market/listings" for fuse in fuses)
    if not is_of_listings or not platform.lake.exists(t.LISTINGS, universe):
        return None
    return platform.lake.last_day(t.LISTINGS, universe)


def _accepted(platform: Platform, universe: str, before: date) -> dict[str, float]:
    from etf_platform.storage.ledger import last_accepted_run

    run = last_accepted_run(platform.ops, universe, before)
    return {} if run is None else {"coverage": run["coverage"]}


def _recomputations(platform: Platform, pool: str) -> dict[str, Any]:
    from etf_platform.orchestration.steps.factors import panel_of
    from etf_platform.orchestration.steps.strategies import targets_of

    return {
        "compute_panel": lambda bars: panel_of(bars),
        "compute_targets": lambda bars, panel: targets_of(platform, pool, bars, panel),
    }
