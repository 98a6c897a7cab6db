"""What is in force, in small tables: release, stage, exposure, freeze, breaker, drift, metrics of every strategy.

Read by the asset `governance/portfolio/status`, by its checks and by whoever asks. Not here: changing any of it.
"""

import datetime as dt
from typing import TYPE_CHECKING, Any

from etf_platform.core import tables as t
from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.states import State, worst
from etf_platform.orchestration.platform import Platform

if TYPE_CHECKING:
    import pandas as pd

SHOWN_EVENTS = 20
SIGN_OFF_STATES = {"READY_FOR_CLOSE": State.PASS, "PENDING_MANUAL_SIGNOFF": State.WARN, "AUTO_BLOCKED": State.FAIL}


def last_judged(platform: Platform, pool: str) -> dt.date | None:
    """Last session that operations compared for a pool; None when there is none."""
    if not platform.lake.exists(t.CONSISTENCY, pool):
        return None
    last = platform.lake.last_day(t.CONSISTENCY, pool)
    return last if last is None or isinstance(last, dt.date) else last.date()


def strategy_rows(platform: Platform, session: dt.date | None = None) -> "pd.DataFrame":
    """One row per pool, as of a session (default: the last one that operations judged of it)."""
    import pandas as pd

    return pd.DataFrame(
        [_row(platform, pool, session or last_judged(platform, pool)) for pool in platform.config.pools]
    )


def ways_out(strategies: "pd.DataFrame", config: GovernanceConfig) -> list[str]:
    """How every breaker that is not NORMAL comes down again, one sentence each; `strategies` as of `strategy_rows`."""
    held = strategies[strategies["breaker"] != "NORMAL"]
    return [
        f"The breaker of {row['strategy']} is {row['breaker']} and sees {row['breaker sees'] or 'nothing'}: it falls "
        f"by one level after {config.breaker.cool_down_sessions} session(s) that would allow it, or when a person of "
        f"risk signs: `etf-platform gov lower-breaker {row['strategy']} --by NAME --reason WHY`."
        for row in held.to_dict("records")
    ]


def event_rows(platform: Platform, most: int = SHOWN_EVENTS) -> "pd.DataFrame":
    """The newest events of the ledger, newest first: recorded, session, kind, subject, by."""
    import pandas as pd

    from etf_platform.storage.events import events

    newest = events(platform.ops)[: -most - 1 : -1]
    rows = [(f"{e.recorded_at:%Y-%m-%d %H:%M}", str(e.as_of or ""), e.kind, e.subject, e.by) for e in newest]
    return pd.DataFrame(rows, columns=["recorded (UTC)", "session", "kind", "subject", "by"])


def sign_off(platform: Platform, monday: dt.date | None) -> tuple[str, State, str]:
    """Week, state and reason of the sign-off pack of a week (default: the newest one that was written)."""
    from etf_platform.governance.weekly import artefact

    written = sorted(platform.workspace.reports.glob("governance/*-W*/signoff_pack.json"))
    week = artefact.week_of(monday) if monday else written[-1].parent.name if written else ""
    document = artefact.read(artefact.folder(platform.workspace.reports, week), "signoff_pack") if week else None
    if document is None:
        return week, State.BLOCKED, "missing: no sign-off pack was written"
    said = str(document["status"])
    return week, SIGN_OFF_STATES.get(said, State.BLOCKED), f"{said}: {document['reason']}".rstrip(": ")


def _row(platform: Platform, pool: str, session: dt.date | None) -> dict[str, Any]:
    return {
        "strategy": pool,
        "as of": str(session or "never judged"),
        **_release(platform, pool),
        **_guards(platform, pool, session),
        **_judged(platform, pool, session),
    }


def _release(platform: Platform, pool: str) -> dict[str, Any]:
    from etf_platform.governance import freezes, releases, stages
    from etf_platform.storage.events import events

    config, known = platform.config.governance, events(platform.ops)
    state, frozen = releases.fold(known, config, pool), freezes.fold(known, config).of(pool)
    shares = stages.exposures(state, config)
    here = state.candidate or state.active
    has_started = any(release.stage for release in state.by_id.values())
    return {
        "release": here.release_id if here else releases.CASH if has_started else "none",
        "stage": "stable" if here and here is state.active else here.stage if here else "",
        "falls back on": here.rollback_to if here else "",
        "exposure": shares[here.release_id] if here else 0.0 if has_started else 1.0,
        "frozen": ", ".join(f"{freeze.rule or 'by hand'} since {freeze.since}" for freeze in frozen) or "no",
    }


def _guards(platform: Platform, pool: str, session: dt.date | None) -> dict[str, Any]:
    from etf_platform.drift import machine
    from etf_platform.governance import breaker, reactions
    from etf_platform.governance.ledger import counted
    from etf_platform.storage.events import events

    config = platform.config.governance
    known = counted(config, events(platform.ops))
    standing = machine.standing(known, pool, config.drift, session)
    stage = max(standing.features.values(), default=machine.Stage.NORMAL)
    named = ", ".join(name for name, other in standing.features.items() if other is stage)
    return {
        "breaker": breaker.fold(known, config, pool).level,
        "breaker sees": _seen_by_breaker(platform, pool, session),
        "drift": f"{stage.name} ({named})" if named else stage.name,
        "retrain": "open" if reactions.has_open_retrain(known, pool) else "none open",
    }


def _seen_by_breaker(platform: Platform, pool: str, session: dt.date | None) -> str:
    """What kept the breaker of a pool from falling on a session."""
    if session is None:
        return ""
    from etf_platform.governance import breaker
    from etf_platform.orchestration.closing import measures_of

    seen = breaker.findings(measures_of(platform, pool, session), platform.config.governance.breaker)
    return "; ".join(seen) or "nothing"


def _judged(platform: Platform, pool: str, session: dt.date | None) -> dict[str, Any]:
    if session is None:
        return {"consistency": "BLOCKED", "metrics": "BLOCKED", "account": "", "its exposure": ""}
    from etf_platform.governance.evidence import consistency_gate
    from etf_platform.orchestration.releasing import stored

    account = stored(platform, t.PAPER_ACCOUNT, pool, session)
    return {
        "consistency": str(consistency_gate(stored(platform, t.CONSISTENCY, pool, session), session)[0]),
        "metrics": _metrics(stored(platform, t.KPI_VALUES, pool, session)),
        "account": f"{account['nav'].iloc[-1]:,.2f}" if len(account) else "",
        "its exposure": f"{account['exposure'].iloc[-1]:g}" if len(account) else "",
    }


def _metrics(rows: "pd.DataFrame") -> str:
    """The worst state of a session's metrics, and how many are in each."""
    daily = rows[rows["period"] == "day"]
    if daily.empty:
        return str(State.BLOCKED)
    counted = daily["status"].value_counts()
    return f"{worst(State(s) for s in counted.index)}: {', '.join(f'{n} {s}' for s, n in counted.items())}"
