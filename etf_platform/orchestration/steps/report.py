"""Everything stored to the daily report, the exported tree and the production snapshot."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pandas as pd

from etf_platform.core import tables as t
from etf_platform.core.places import rows_between
from etf_platform.core.schema import Table
from etf_platform.core.states import State
from etf_platform.governance.gates import release_state, required_fuses
from etf_platform.governance.snapshots import Provenance, Snapshot
from etf_platform.governance.snapshots import take_snapshot as store_snapshot
from etf_platform.orchestration.assets import steps_of
from etf_platform.orchestration.checks import fuses_on
from etf_platform.orchestration.files import replace_text
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.provenance import code_commit
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.steps.export import export_light
from etf_platform.orchestration.steps.pictures import kept
from etf_platform.orchestration.steps.tables import StepTables
from etf_platform.orchestration.units import enabled_fuses
from etf_platform.reports.daily import DailyReport, render_daily
from etf_platform.storage.ledger import AcceptedRun, latest_verdicts, record_accepted_run, record_snapshot

OF_A_SESSION = ("daily", "portfolio")  # jobs whose fuses a release waits for
VERDICT_COLUMNS = ["universe", "guards", "fuse", "as_of", "state", "on_fail", "observed", "limit", "reason"]


def write_daily(platform: Platform, universe: str, window: Window) -> Outcome:
    """Render the report of the window's last session and store it below `reports/`."""
    tables = StepTables(platform, window)
    report = daily_report(platform, tables, as_of(platform, window))
    markdown, html = render_daily(report)
    folder = platform.workspace.reports / "daily"
    day = f"{report.as_of:%Y-%m-%d}"
    for name, text in ((f"{day}.md", markdown), (f"{day}.html", html), ("latest.html", html)):
        replace_text(folder / name, text)
    return tables.outcome(facts={"report": str(folder / f"{day}.html"), "as of": day, "summary": _first_line(markdown)})


def take_snapshot(platform: Platform, universe: str, window: Window) -> Outcome:
    """Keep the exported tree, configuration and versions when every required fuse allows it; else in quarantine."""
    tables = StepTables(platform, window)
    day = as_of(platform, window)
    state, reasons = release(platform, day)
    root = platform.workspace.resolve(platform.config.etf_pools.paths.snapshots_root)
    tree = export_light(platform, tables)
    made_from = Provenance(state, reasons, tables.versions(), platform.config.digest, code_commit())
    snapshot = store_snapshot(
        root, tree, platform.workspace.config, made_from, datetime.now(UTC), platform.config.platform.snapshot.keep
    )
    record_snapshot(platform.ops, snapshot.name, str(state), str(snapshot.path), {"tables": tables.versions()})
    if snapshot.is_accepted:
        _accept(platform, day, window.run_id)
    return tables.outcome(facts=_snapshot_facts(snapshot, state, reasons))


def release(platform: Platform, day: pd.Timestamp) -> tuple[State, list[str]]:
    """State of the gate for a release of this session.

    Required is what the runs of a session judge: not a fuse on a table that this source does not have, nor one that
    is judged at another time of the day (listings).
    """
    weights = platform.config.etf_pools.strategy.portfolio.weights
    universes = [pool for pool in platform.config.pools if weights.get(pool, 0.0) > 0.0] + [PORTFOLIO]
    fuses = enabled_fuses(platform.config)
    judged = {
        (u, fuse.name)
        for u, step in steps_of(platform)
        if step.job in OF_A_SESSION
        for fuse in fuses_on(platform, step, u)
    }
    required = [name for name in required_fuses(fuses, universes) if name in judged]
    return release_state(verdicts(platform), required, day)


def verdicts(platform: Platform, universes: Sequence[str] = ()) -> pd.DataFrame:
    """The last verdict of every fuse in these universes (default: every pool and the portfolio), with `on_fail`."""
    on_fail = {fuse.name: fuse.on_fail for fuse in enabled_fuses(platform.config)}
    asked = universes or (*platform.config.pools, PORTFOLIO)
    rows = [row for universe in asked for row in latest_verdicts(platform.ops, universe)]
    known = [row | {"on_fail": on_fail[row["fuse"]]} for row in rows if row["fuse"] in on_fail]
    frame = pd.DataFrame(known, columns=[*VERDICT_COLUMNS, "run_id", "table_version"])
    return frame.assign(as_of=pd.to_datetime(frame["as_of"]).astype("datetime64[ns]"))


def as_of(platform: Platform, window: Window) -> pd.Timestamp:
    """The session a report or snapshot is about: the window's end, else the last one with targets."""
    if window.end is not None:
        return pd.Timestamp(window.end)
    lasts = [
        platform.lake.read(t.TARGETS, pool, columns=["date"])["date"].max()
        for pool in platform.config.pools
        if platform.lake.exists(t.TARGETS, pool)
    ]
    return max(lasts)


def daily_report(platform: Platform, tables: StepTables, day: pd.Timestamp) -> DailyReport:
    """Fill the report's contents from the lake and the ledger."""
    pools = tuple(platform.config.pools)
    weights = platform.config.etf_pools.strategy.portfolio.weights
    everywhere = (PORTFOLIO, *pools)

    def gather(table: Table, universes: tuple[str, ...] = pools, wanted: Callable = _all_rows) -> pd.DataFrame:
        return _gathered(tables, table, universes, lambda frame: wanted(frame, day))

    summary = tables.read_if_there(t.POOL_SUMMARY, PORTFOLIO)
    return DailyReport(
        as_of=day,
        generated_at=pd.Timestamp.now(tz="UTC"),
        pools=pools,
        watched=tuple(pool for pool in pools if weights.get(pool, 0.0) == 0.0),
        summary=pd.DataFrame() if summary is None else summary,
        kpi=gather(t.KPI, everywhere, _of_day),
        verdicts=verdicts(platform)[VERDICT_COLUMNS],
        targets=gather(t.TARGETS, pools, _of_day),
        members=gather(t.MEMBERS),
        positions=gather(t.POSITIONS, pools, _until),
        rebalances=gather(t.REBALANCES, pools, _until),
        equity=gather(t.EQUITY, everywhere, _until),
        months=gather(t.MONTHS, everywhere),
        capacity=gather(t.CAPACITY),
        blocked=_blocked(platform, tables, day),
        versions=tables.versions(),
        pictures=_pictures(platform, tables, day),
        config_digest=platform.config.digest,
        code_commit=code_commit(),
        min_weight_change=platform.config.etf_pools.strategy.backtest.min_weight_change,
    )


def _pictures(platform: Platform, tables: StepTables, day: pd.Timestamp) -> dict[tuple[str, str], bytes]:
    """Plots drawn by the assets, of accounts that end on this day."""
    found: dict[tuple[str, str], bytes] = {}
    for universe in (PORTFOLIO, *platform.config.pools):
        equity = tables.read_if_there(t.EQUITY, universe)
        if equity is not None and equity["date"].max() == day:
            found |= kept(platform, t.EQUITY, universe, tables.versions()[t.EQUITY.address(universe)])
    return found


def _gathered(
    tables: StepTables, table: Table, universes: tuple[str, ...], wanted: Callable[[pd.DataFrame], pd.DataFrame]
) -> pd.DataFrame:
    read = {universe: tables.read_if_there(table, universe) for universe in universes}
    frames = [wanted(frame).assign(universe=universe) for universe, frame in read.items() if frame is not None]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _all_rows(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    return frame


def _of_day(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    return rows_between(frame, day, day)


def _until(frame: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    return rows_between(frame, None, day)


def _blocked(platform: Platform, tables: StepTables, day: pd.Timestamp) -> dict[str, str]:
    """Pools that stopped themselves: the halting fuse and its reason."""
    closed = verdicts(platform).query("on_fail == 'halt' and state in ('FAIL', 'BLOCKED')")
    return {
        str(universe): "; ".join(f"{row.fuse} {row.state}: {row.reason}" for row in rows.itertuples())
        for universe, rows in closed.groupby("universe")
        if universe in platform.config.pools
    }


def _accept(platform: Platform, day: pd.Timestamp, run_id: str) -> None:
    """Remember the figures that the next run is compared with."""
    seen = verdicts(platform).query("fuse == 'coverage'").set_index("universe")["observed"]
    for pool in platform.config.pools:
        panel = platform.lake.read(t.PANEL, pool, columns=["symbol"])
        version = platform.lake.version(t.PANEL, pool)
        if pool in seen.index:
            run = AcceptedRun(
                pool, day.date(), run_id, float(seen[pool]), len(panel), panel["symbol"].nunique(), version
            )
            record_accepted_run(platform.ops, run)


def _snapshot_facts(snapshot: Snapshot, state: State, reasons: list[str]) -> dict[str, object]:
    return {
        "snapshot": str(snapshot.path),
        "accepted": snapshot.is_accepted,
        "state": str(state),
        "reasons": "\n".join(reasons) or "none",
    }


def _first_line(markdown: str) -> str:
    return next((line for line in markdown.splitlines() if line.strip() and not line.startswith("#")), "")
