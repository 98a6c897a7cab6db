"""The quarter review from documents, KPI tables and ledger. Not here: what it says (`governance.weekly`)."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from etf_platform.core import tables as declared
from etf_platform.core.errors import BadInputError
from etf_platform.core.states import State
from etf_platform.core.units.event import DRILL_PASSED, RELEASE_ROLLED_BACK, Event
from etf_platform.governance import releases
from etf_platform.governance.ledger import counted
from etf_platform.governance.weekly import canary_checklist, decision_log, quarter_review, signoff_pack
from etf_platform.governance.weekly.artefact import Source, week_of
from etf_platform.governance.weekly.digests import rows_digest
from etf_platform.governance.weekly.quarter_review import Facts, Reading, Week
from etf_platform.orchestration.platform import PORTFOLIO, Platform
from etf_platform.orchestration.releasing import stored
from etf_platform.orchestration.weekly.documents import Published, named, pack_of, publish

KPIS = ("availability", "var_breach_rate", "false_alarm_rate", "attribution_coverage")
READ = ("operating_audit", canary_checklist.NAME, decision_log.NAME, signoff_pack.NAME)


def review(platform: Platform, quarter: str = "", today: dt.date | None = None) -> Published:
    """Write the review of a quarter into the folder of that name; empty: the last one that is over.

    Raises
    ------
    BadInputError
        Not of the form `YYYY-Qn`.
    """
    from etf_platform.reports.weekly.quarter_review import markdown

    start, end = days_of(quarter) if quarter else before(today or dt.date.today())
    name = f"{start.year}-Q{(start.month + 2) // 3}"
    facts = _facts(platform, name, start, end)
    artefact = quarter_review.build(facts, platform.config.governance)
    return publish(platform, artefact, markdown, platform.workspace.reports / "governance" / name)


def days_of(quarter: str) -> tuple[dt.date, dt.date]:
    """First and last day of a quarter `YYYY-Qn`.

    Raises
    ------
    BadInputError
        Of another form.
    """
    match = re.fullmatch(r"(\d{4})-Q([1-4])", quarter)
    if match is None:
        raise BadInputError("reading a quarter", f"{quarter!r}", "write it as 2024-Q4")
    start = dt.date(int(match[1]), 3 * int(match[2]) - 2, 1)
    following = dt.date(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1)
    return start, following - dt.timedelta(days=1)


def before(today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the last quarter that is over."""
    last = dt.date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) - dt.timedelta(days=1)
    return days_of(f"{last.year}-Q{(last.month + 2) // 3}")


def weeks_of(platform: Platform, start: dt.date, end: dt.date) -> list[str]:
    """ISO weeks whose last session lies in a range of days."""
    days = [day.date() for day in platform.sessions(PORTFOLIO).between(start, end)]
    last = {week_of(day): day for day in days}
    return [week for week in last if named(platform, week).last <= end]


def _facts(platform: Platform, name: str, start: dt.date, end: dt.date) -> Facts:
    from etf_platform.storage.events import events

    known = counted(platform.config.governance, events(platform.ops, until=end))
    names = weeks_of(platform, start, end)
    if not names:
        raise BadInputError(f"reviewing {name}", "no week of it is over", "review a quarter with sessions")
    weeks, sources = [], []
    for week in names:
        one, used = _week(platform, week)
        weeks.append(one)
        sources += used
    about = named(platform, names[-1]).about()
    kpis, tables = _kpis(platform, start, end)
    fallen = [e.subject for e in known if e.kind == RELEASE_ROLLED_BACK and _within(e, start, end)]
    return Facts(
        name,
        replace(about, inputs=(*sources, *tables)),
        weeks,
        kpis,
        fallen,
        _rehearsed(platform, known, start, end),
    )


def _week(platform: Platform, week: str) -> tuple[Week, list[Source]]:
    pack = pack_of(platform, week, READ)
    tasks = tuple(pack.rows(decision_log.NAME, "follow_up_tasks"))
    told = Week(
        week,
        pack.text(canary_checklist.NAME, "recommendation"),
        pack.text(decision_log.NAME, "decision"),
        pack.text(signoff_pack.NAME, "status"),
        _ticked(pack.documents.get("operating_audit"), "change_log_complete"),
        _ticked(pack.documents.get("operating_audit"), "anomalies_attributed"),
        tasks,
    )
    return told, list(pack.about.inputs)


def _ticked(audit: Mapping[str, Any] | None, key: str) -> State:
    said = str(((audit or {}).get("checklist", {}).get(key) or {}).get("status", ""))
    return State(said) if said in State.__members__ else State.BLOCKED


def _kpis(platform: Platform, start: dt.date, end: dt.date) -> tuple[dict[str, list[Reading]], list[Source]]:
    """Last daily reading of every metric and strategy in the quarter, and the last one of the quarter before."""
    earlier = before(start)
    found: dict[str, list[Reading]] = {}
    sources = []
    for strategy in (*platform.config.pools, PORTFOLIO):
        rows = stored(platform, declared.KPI_VALUES, strategy, end, earlier[0])
        rows = rows[(rows["period"] == "day") & rows["kpi"].isin(KPIS)]
        if len(rows):
            address = declared.KPI_VALUES.address(strategy)
            sources.append(Source(address, rows_digest(rows), f"{rows['date'].max():%Y-%m-%d}"))
        for kpi in KPIS:
            reading = _reading(rows[rows["kpi"] == kpi], strategy, start)
            found.setdefault(kpi, []).extend(reading)
    return found, sources


def _reading(rows: pd.DataFrame, strategy: str, start: dt.date) -> Sequence[Reading]:
    is_now = rows["date"] >= pd.Timestamp(start)
    now, then = rows[is_now].sort_values("date"), rows[~is_now].sort_values("date")
    if now.empty:
        return []
    last = now.iloc[-1]
    value, earlier = _number(last["value"]), then["value"].dropna()
    was = float(earlier.iloc[-1]) if len(earlier) else None
    return [Reading(strategy, value, was, State(str(last["status"])), str(last["reason"]))]


def _number(value: float) -> float | None:
    return None if value != value else float(value)


def _within(event: Event, start: dt.date, end: dt.date) -> bool:
    return event.as_of is not None and start <= event.as_of <= end


def _rehearsed(platform: Platform, known: Sequence[Event], start: dt.date, end: dt.date) -> dict[str, bool]:
    """Releases in force at the end, and whether a drill of each passed in the quarter."""
    drilled = {e.subject for e in known if e.kind == DRILL_PASSED and _within(e, start, end)}
    config = platform.config.governance
    in_force = [name for s in releases.strategies(known) for name in releases.fold(known, config, s).in_force]
    return {name: name in drilled for name in in_force}
