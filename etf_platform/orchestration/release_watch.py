"""The daily look at releases in force: automatic rollback, fail-safe rules, promotion where nobody is needed.

What sensors call after the day's tables are written; every function may be called again for the same session. Not
here: Dagster's sensors, reading what is looked at (`releasing`), deciding (`governance`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import pandas as pd

from etf_platform.core import tables as declared
from etf_platform.core.errors import GateClosedError
from etf_platform.core.units.event import RELEASE_ROLLED_BACK, Event
from etf_platform.drift import machine
from etf_platform.governance import breaker, evidence, failsafe, reactions, releases, rollback
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import observation_of, post_of, promote_once, record, stored

BY = "system:monitor"
ALARMS = ("alert", "major")
LOOK_BACK = dt.timedelta(days=60)


def roll_back_where_due(platform: Platform, strategy: str, session: dt.date) -> list[Event]:
    """Judge the release that rises, or without one the stable release, on a session, and roll back what a rule demands.

    One release per session: after a rollback the release that is in force again is judged from the next session on.
    """
    from etf_platform.storage.events import events

    config = platform.config.governance
    state = releases.fold(events(platform.ops), config, strategy)
    since = _in_force_since(state)
    if since is None or session <= since:
        return []
    release = state.by_id[state.in_force[0]]
    triggers = rollback.judge(release, observation_of(platform, release, session, since), config)
    if not triggers:
        return []
    act = rollback.Act(release.release_id, triggers, session, BY)
    return rollback.roll_back(platform.ops, config, act, post_of(platform, dt.datetime.now(dt.UTC)))


def _in_force_since(state: releases.Releases) -> dt.date | None:
    """Session at whose close the release to judge came into force; None when there is none."""
    if state.candidate is not None:
        return state.candidate.started_at
    if state.active is None:
        return None
    ended = [release.rolled_back for release in state.by_id.values() if release.rolled_back is not None]
    return max([*ended, state.active.stable_since or dt.date.min])


def apply_fail_safe(platform: Platform, strategy: str, session: dt.date) -> list[Event]:
    """Judge the fail-safe rules of a strategy on a session and do what fired rules demand."""
    config = platform.config.governance
    verdicts = fail_safe_verdicts(platform, strategy, session)
    return reactions.record(platform.ops, config, verdicts, strategy, post_of(platform, dt.datetime.now(dt.UTC)))


def fail_safe_verdicts(platform: Platform, strategy: str, session: dt.date) -> list[failsafe.Verdict]:
    """Verdicts of all rules on `major_risk` and `drift_alarm` (0 or 1), and on any metric of the KPI registry.

    What was answered is not asked again: drift that a closed retrain has accepted is no alarm, and a rule that degrades
    sees of its metric what came on top of the session on which it last did, in the same month (`answered`).
    """
    from etf_platform.storage.events import events

    days = [day.date() for day in platform.sessions(strategy).between(session - LOOK_BACK, session)]
    kpis = stored(platform, declared.KPI_VALUES, strategy, session, days[0])
    config, on_record = platform.config.governance, events(platform.ops)
    drift = stored(platform, declared.DRIFT, strategy, session, days[0])
    closed = [day for day in machine.closures(on_record, strategy) if day <= session]
    known = {
        "major_risk": _major_risk(kpis, strategy),
        "drift_alarm": drift_alarms(drift, max(closed, default=None), config.drift.clean_days),
    }
    observations = {
        rule.metric: known.get(rule.metric) or {day: evidence.value(kpis, strategy, rule.metric, day) for day in days}
        for rule in config.fail_safe
    }
    for rule in config.fail_safe:
        if rule.action == "degrade":
            backs = rollbacks_by(on_record, strategy, rule.rule_id)
            observations[rule.metric] = answered(observations[rule.metric], backs)
    return failsafe.judge(config.fail_safe, observations, days)


def rollbacks_by(events: Sequence[Event], strategy: str, rule: str) -> list[dt.date]:
    """Sessions on which a rule rolled back a release of a strategy."""
    backs = [e for e in events if e.kind == RELEASE_ROLLED_BACK and e.payload.get("strategy") == strategy]
    return [e.as_of for e in backs if e.as_of is not None and rule in e.payload.get("rules", ())]


def answered(values: Mapping[dt.date, float | None], backs: Sequence[dt.date]) -> dict[dt.date, float | None]:
    """Values of a metric of the month without what stood there at an earlier rollback of the same month.

    A release that is in force again must not fall for what its successor did: a deviation of the month stays until the
    month is over.
    """
    found: dict[dt.date, float | None] = {}
    for day, value in values.items():
        earlier = [back for back in backs if back < day and (back.year, back.month) == (day.year, day.month)]
        at_rollback = values.get(max(earlier)) if earlier else None
        found[day] = value if value is None or at_rollback is None else value - at_rollback
    return found


def drift_alarms(rows: pd.DataFrame, closed: dt.date | None, clean_days: int) -> dict[dt.date, float | None]:
    """1 on sessions on which a feature stands at alert or major, else 0.

    Parameters
    ----------
    rows : DataFrame
        `date`, `feature`, `level` as in table `drift/features`.
    closed : date or None
        Session as of which the last retrain was closed. A feature that was in alarm then is accepted from then on until
        it was stable on `clean_days` sessions in a row.
    """
    found: dict[dt.date, float | None] = {pd.Timestamp(str(day)).date(): 0.0 for day in rows["date"].unique()}
    for _, mine in rows.sort_values("date").groupby("feature"):
        days, alarms = [day.date() for day in mine["date"]], mine["level"].isin(ALARMS).tolist()
        is_accepted, clean = False, 0
        for day, alarm, level in zip(days, alarms, mine["level"], strict=True):
            clean = clean + 1 if level == "stable" else 0 if alarm else clean
            is_accepted = (is_accepted and clean < clean_days) or (day == closed and alarm)
            if alarm and not is_accepted:
                found[day] = 1.0
    return found


def promote_where_possible(platform: Platform, strategy: str, session: dt.date) -> list[Event]:
    """Raise the candidate by one stage if nothing is missing; signatures and approvals are people's."""
    from etf_platform.storage.events import events

    state = releases.fold(events(platform.ops), platform.config.governance, strategy)
    if state.candidate is None:
        return []
    try:
        return promote_once(platform, state.candidate.release_id, session, BY)
    except GateClosedError:
        return []


def move_breaker(platform: Platform, strategy: str, session: dt.date, measures: breaker.Measures) -> list[Event]:
    """Step the breaker of a strategy on a session and record a change of its level."""
    from etf_platform.storage.events import events

    config = platform.config.governance
    before = breaker.fold(events(platform.ops), config, strategy)
    after = breaker.step(before, measures, config.breaker, session)
    return record(platform, breaker.moved(before, after, strategy))


def account_measures(
    account: pd.DataFrame, session: dt.date, largest: float | None, var95: float | None, var99: float | None
) -> breaker.Measures:
    """What the breaker looks at, from the running account up to a session.

    Parameters
    ----------
    account : DataFrame
        Columns date and nav, sorted; later rows are ignored. Without a row of the session both losses are unknown.
    largest, var95, var99 : float or None
        Largest weight, VaR as positive fractions.
    """
    values = account.loc[account["date"] <= pd.Timestamp(session), "nav"].to_numpy()
    drawdown = evidence.drawdown(account, session)
    if drawdown is None:
        return breaker.Measures(None, None, var95, var99, largest)
    loss = 1.0 - values[-1] / values[-2] if len(values) > 1 else 0.0
    return breaker.Measures(max(loss, 0.0), drawdown, var95, var99, largest)


def _major_risk(kpis: pd.DataFrame, strategy: str) -> dict[dt.date, float | None]:
    """1 on sessions with a failed core metric, 0 on others with rows; sessions without rows are missing."""
    bad = evidence.majors(kpis, strategy)
    days = {pd.Timestamp(day).date() for day in kpis.loc[kpis["strategy"] == strategy, "date"]}
    return {day: float(day in bad) for day in days}
