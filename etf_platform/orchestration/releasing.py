"""Acts on releases with everything an installation knows: what commands and sensors call.

Reads tables, verdicts, configuration and code; decides nothing itself (`governance`). Each act reads the ledger,
decides and appends in one transaction. Not here: asking people for secrets (`cli.signing`), Dagster.
"""

import datetime as dt
import json
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from etf_platform.core import tables as declared
from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.config.load import check_config
from etf_platform.core.errors import GateClosedError, PlatformError
from etf_platform.core.schema import Table
from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.governance import breaker, evidence, freezes, prerelease, releases, rollback, stages
from etf_platform.governance.gates import release_state
from etf_platform.governance.letters import poster
from etf_platform.governance.releases import Release, Releases, follow
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.provenance import code_commit

if TYPE_CHECKING:
    from etf_platform.governance.rollback import Post
    from etf_platform.measures.sequential import PairedVerdict

OF_A_SESSION = ("daily", "portfolio", "trend")  # jobs whose fuses are judged of every session
PAIRED_DAYS = dt.timedelta(days=730)  # what the paired test looks back on
TABLES = {(t.layer, t.name): t for t in vars(declared).values() if isinstance(t, Table)}


def session_of(platform: Platform, strategy: str, today: dt.date) -> dt.date:
    """The day itself when the strategy's exchange trades on it, else the session before."""
    sessions = platform.sessions(strategy)
    return today if sessions.is_session(today) else sessions.previous(today).date()


def post_of(platform: Platform, now: dt.datetime) -> "Post":
    """How letters about an act are put into the outbox."""
    from etf_platform.orchestration.alerting.deliver import desk_of

    return poster(desk_of(platform), now)


def record(platform: Platform, events: Sequence[Event]) -> list[Event]:
    """Append one act with its letters in one transaction; events that are new."""
    from etf_platform.storage import events as ledger
    from etf_platform.storage.outbox import transaction

    now = dt.datetime.now(dt.UTC)
    tell = post_of(platform, now)
    with transaction(platform.ops) as connection:
        fresh = ledger.append(connection, events, now)
        if fresh:
            tell(connection, fresh)
        return fresh


def gates_of(platform: Platform, strategy: str, session: dt.date) -> dict[str, evidence.Gate]:
    """Gates of a strategy on a session: data (fuses), consistency, metrics, drift."""
    return {
        "data": _data_gate(platform, strategy, session),
        "consistency": evidence.consistency_gate(stored(platform, declared.CONSISTENCY, strategy, session), session),
        "kpi": evidence.kpi_gate(stored(platform, declared.KPI_VALUES, strategy, session), strategy, session),
        "drift": evidence.drift_gate(stored(platform, declared.DRIFT, strategy, session), session),
    }


def _data_gate(platform: Platform, strategy: str, session: dt.date) -> evidence.Gate:
    """Of the fuses that the jobs of a session judge; one that only warns leaves the gate open, and is named."""
    from etf_platform.orchestration.assets import steps_of
    from etf_platform.orchestration.checks import fuses_on
    from etf_platform.storage import ledger

    steps = [step for universe, step in steps_of(platform) if universe == strategy and step.job in OF_A_SESSION]
    required = [(strategy, fuse.name) for step in steps for fuse in fuses_on(platform, step, strategy)]
    rows = pd.DataFrame(ledger.latest_verdicts(platform.ops, strategy), columns=VERDICT_COLUMNS)
    state, reasons = release_state(rows, required, pd.Timestamp(session))
    return (State.PASS if state is State.WARN else state), "; ".join(reasons[:5])


def progress_of(platform: Platform, release: Release, session: dt.date) -> stages.Progress:
    """What was seen of a release since its stage began."""
    since = release.since or session
    days = [day.date() for day in platform.sessions(release.strategy).between(since, session)]
    kpis = stored(platform, declared.KPI_VALUES, release.strategy, session, since)
    gates, (gate, verdict) = gates_of(platform, release.strategy, session), paired_of(platform, release, session)
    gates |= {} if gate is None else {"paired": gate}
    return stages.Progress(days, evidence.majors(kpis, release.strategy), gates, verdict)


def paired_of(
    platform: Platform, release: Release, session: dt.date
) -> tuple[evidence.Gate | None, "PairedVerdict | None"]:
    """The paired test of a candidate on the shadow accounts up to a session; nothing without a stable release."""
    from etf_platform.storage.events import events

    state = releases.fold(events(platform.ops), platform.config.governance, release.strategy)
    is_candidate = state.candidate is not None and state.candidate.release_id == release.release_id
    if state.active is None or not is_candidate:
        return None, None
    rows = stored(platform, declared.PAPER_RELEASES, release.strategy, session, session - PAIRED_DAYS)
    stable = state.active.release_id
    return evidence.paired_test_of(rows, release.release_id, stable, platform.config.governance.canary)


def observation_of(platform: Platform, release: Release, session: dt.date, since: dt.date) -> rollback.Observation:
    """What the automatic rollback looks at on a session.

    The drawdown is that of the running account since the release came into force (`since`), without an account the
    metric `max_drawdown`; the error rate is the metric of that name, else 1 - availability.
    """
    from etf_platform.storage.events import events

    strategy, config = release.strategy, platform.config.governance
    before = platform.sessions(strategy).previous(session).date()
    kpis = stored(platform, declared.KPI_VALUES, strategy, session, before)
    bad, gates = evidence.majors(kpis, strategy), gates_of(platform, strategy, session)
    drawdown = evidence.drawdown(stored(platform, declared.PAPER_ACCOUNT, strategy, session, since), session)
    names = ("max_drawdown", "error_rate", "availability")
    worst, errors, available = (evidence.value(kpis, strategy, name, session) for name in names)
    return rollback.Observation(
        session=session,
        drawdown=drawdown if drawdown is not None or worst is None else abs(worst),
        limit=config.weekly.max_abs_drawdown,
        majors=(before in bad, session in bad),
        data_quality=gates["data"][0],
        consistency=gates["consistency"][0],
        error_rate=errors if errors is not None else 1.0 - available if available is not None else None,
        breaker=breaker.fold(events(platform.ops, until=session), config, strategy).level,
        missing_kpis=evidence.missing_kpis(kpis, strategy, session),
        paired=paired_of(platform, release, session)[1],
    )


def inputs_of(
    platform: Platform, release: Release, state: Releases, events: Sequence[Event], session: dt.date
) -> prerelease.Inputs:
    """What the pre-release checks look at, as this installation knows it."""
    _, problems = check_config(platform.workspace.config)
    commit, config = code_commit(), platform.config
    return prerelease.Inputs(
        release=release,
        releases=state,
        freezes=freezes.fold(events, config.governance),
        events=events,
        session=session,
        config_problems=problems,
        config_hash=config.digest,
        commit=commit.removesuffix(".dirty"),
        is_dirty=commit.endswith(".dirty"),
        backtest=evidence.backtest_figures(events, release.experiment_id),
        max_turnover=config.etf_pools.ci_thresholds.max_annual_turnover,
        regression=regression_of(platform, session),
        consistency=gates_of(platform, release.strategy, session)["consistency"],
    )


def regression_of(platform: Platform, session: dt.date) -> evidence.Gate | None:
    """Outcome of the daily regression in the session's week, from its artefact; None when it was not run."""
    year, week, _ = session.isocalendar()
    path = platform.workspace.reports / "governance" / f"{year}-W{week:02d}" / "daily_regression_gate.json"
    if not path.exists():
        return None
    summary = json.loads(path.read_text(encoding="utf-8"))["summary"]
    return (State.PASS, "") if summary["all_passed"] else (State.FAIL, f"{summary['failed']} command(s) failed")


def restore_problems(platform: Platform, target: Release | None) -> list[str]:
    """What keeps a release from being restored beside the one in force: every table version is read; none for cash."""
    if target is None:
        return []
    try:
        versions = json.loads(target.data_version or "{}")
    except json.JSONDecodeError:
        return [f"the data version of {target.release_id} is unreadable"]
    if not versions:
        return [f"{target.release_id} names no table versions"]
    return [problem for address, version in versions.items() for problem in _unreadable(platform, address, version)]


def rehearse_once(platform: Platform, release_id: str, session: dt.date) -> Event:
    """Rehearse the rollback of a release and record the drill."""
    from etf_platform.governance.rehearsal import rehearse

    tell = post_of(platform, dt.datetime.now(dt.UTC))
    config = platform.config.governance
    return rehearse(platform.ops, config, release_id, session, partial(restore_problems, platform), tell)


def promote_once(platform: Platform, release_id: str, session: dt.date, by: str) -> list[Event]:
    """Start a release, raise it by one stage, or let it count as stable: whatever comes next.

    Raises
    ------
    GateClosedError
        Something is missing; the message lists all of it.
    """
    from etf_platform.storage.events import events

    config, known = platform.config.governance, events(platform.ops)
    state = rollback.releases_of(known, config, release_id)
    release, frozen = state.by_id[release_id], freezes.fold(known, config)
    if not release.stage:
        checks = prerelease.check(inputs_of(platform, release, state, known, session), config)
        missing = stages.may_start(release, state, frozen)
        missing += [f"{c.name} {c.state}: {c.reason}" for c in checks if c.state is not State.PASS]
        event = stages.start(release, by, session)
    else:
        progress, is_last = progress_of(platform, release, session), release.stage == config.stages[-1].name
        judge = stages.may_become_stable if is_last else stages.may_promote
        missing = judge(release, frozen, progress, config)
        days = stages.stayed(progress, release)
        event = (
            stages.settle(release, by, session, days) if is_last else stages.promote(release, by, session, config, days)
        )
    if missing:
        raise GateClosedError(f"promoting {release_id}", " | ".join(missing), "see to it, then ask again")
    return record(platform, [event, *follow(event, release)])


def data_version(platform: Platform, strategy: str) -> dict[str, int]:
    """Newest version of every stored table that a release of a strategy reads: address -> version."""
    needed = (declared.BARS, declared.PANEL, declared.TARGETS)
    found = {table.address(strategy): platform.lake.version(table, strategy) for table in needed}
    return {address: version for address, version in found.items() if version is not None}


def release_rows(events: Sequence[Event], config: GovernanceConfig) -> pd.DataFrame:
    """Every release with its stage, exposure, breaker and signatures: one row each, by strategy."""
    rows = []
    for strategy in releases.strategies(events):
        state = releases.fold(events, config, strategy)
        shares, level = stages.exposures(state, config), breaker.fold(events, config, strategy).level
        rows += [_row(release, shares.get(name, 0.0), level) for name, release in state.by_id.items()]
    return pd.DataFrame(rows, columns=RELEASE_COLUMNS)


def freeze_rows(events: Sequence[Event], config: GovernanceConfig) -> pd.DataFrame:
    """Open freezes: key, strategy, since, reason, by, and what each awaits."""
    rows = [(f.key, f.subject, f.since, f.reason, f.by, f.awaits) for f in freezes.fold(events, config).open]
    return pd.DataFrame(rows, columns=["key", "strategy", "since", "reason", "by", "awaits"])


RELEASE_COLUMNS = ["release", "strategy", "stage", "since", "exposure", "state", "signed_by", "rollback_to", "breaker"]


def _row(release: Release, exposure: float, level: str) -> dict[str, object]:
    flags = {
        "rolled back": release.is_rolled_back,
        "stable": release.is_stable,
        "held": bool(release.held),
        "rising": bool(release.stage),
        "approved": release.is_approved,
    }
    return {
        "release": release.release_id,
        "strategy": release.strategy,
        "stage": release.stage,
        "since": release.since,
        "exposure": exposure,
        "state": next((word for word, is_so in flags.items() if is_so), "proposed"),
        "signed_by": ", ".join(f"{a.name} ({a.role})" for a in release.approvals),
        "rollback_to": release.rollback_to,
        "breaker": level,
    }


VERDICT_COLUMNS = ["universe", "guards", "fuse", "as_of", "state", "reason"]


def _unreadable(platform: Platform, address: str, version: int) -> list[str]:
    layer, universe, name = address.split("/")
    table = TABLES.get((layer, name))
    if table is None:
        return [f"there is no table {address}"]
    try:
        platform.lake.read(table, universe, columns=list(table.key), version=int(version))
    except PlatformError as error:
        return [str(error)]
    return []


def stored(platform: Platform, table: Table, universe: str, end: dt.date, start: dt.date | None = None) -> pd.DataFrame:
    """Rows of a table in a range of sessions; none when it was never written."""
    if not platform.lake.exists(table, universe):
        return table.no_rows()
    return platform.lake.read(table, universe, start=pd.Timestamp(start or end), end=pd.Timestamp(end))
