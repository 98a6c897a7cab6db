"""What the watches say: events made of what Dagster and the platform recorded. Not here: how channels show them."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from etf_platform.alerts.events import Block, Event, Kind, Severity
from etf_platform.alerts.wording import market_report as market_report_event
from etf_platform.alerts.wording import trend_signal
from etf_platform.core.states import State
from etf_platform.orchestration.alerting.reading import Stored
from etf_platform.orchestration.alerting.watch import Scene
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.windows import PARTITION, RANGE_END, RANGE_START

SHOWN = 8
LONGEST = 1000
GIB = 1024**3
_SOURCE = {
    "switched": (Kind.SOURCE_SWITCHED, Severity.WARNING, "Source switched"),
    "exhausted": (Kind.SOURCES_EXHAUSTED, Severity.ERROR, "No source left"),
    "recovered": (Kind.RECOVERED, Severity.WARNING, "Recovered"),
}


def check_failed(scene: Scene, stored: Stored, evaluation: dg.AssetCheckEvaluation, state: State) -> Event:
    """A check evaluation that did not pass."""
    asset = evaluation.asset_key.to_user_string()
    is_warning = state is State.WARN
    return Event(
        key=_once("check", f"{asset}:{evaluation.check_name}", stored),
        kind=Kind.CHECK_WARNING if is_warning else Kind.CHECK_FAILURE,
        severity=Severity.WARNING if is_warning else Severity.ERROR,
        subject=f"{state}: {evaluation.check_name} on {asset}",
        occurred_at=stored.at,
        order_key=f"check/{asset}:{evaluation.check_name}",
        blocks=(_block("Reason", evaluation.description or "no reason given"), _facts(evaluation, stored)),
        owner=_owner(scene.platform),
        asset=asset,
        link=_asset_link(evaluation.asset_key),
    )


def check_recovered(
    scene: Scene, stored: Stored, evaluation: dg.AssetCheckEvaluation, ended: Mapping[str, str]
) -> Event:
    """The first pass of a check that did not pass before."""
    asset = evaluation.asset_key.to_user_string()
    since = f"{ended['state']} since {_minute(dt.datetime.fromisoformat(ended['since']))}"
    return Event(
        key=_once("recovered", f"{asset}:{evaluation.check_name}", stored),
        kind=Kind.RECOVERED,
        severity=Severity.WARNING,
        subject=f"Recovered: {evaluation.check_name} on {asset}",
        occurred_at=stored.at,
        order_key=f"check/{asset}:{evaluation.check_name}",
        blocks=(Block("Passes again", (("it was", since), *_facts(evaluation, stored).lines)),),
        owner=_owner(scene.platform),
        asset=asset,
        link=_asset_link(evaluation.asset_key),
    )


def run_failed(scene: Scene, stored: Stored, run: dg.DagsterRun | None, problems: Sequence[tuple[str, str]]) -> Event:
    """A run that ended in failure; `problems` are its failed steps with their sentences."""
    job, tags = (run.job_name, run.tags) if run else (stored.entry.job_name or "unknown", {})
    window = tags.get(PARTITION) or " to ".join(tags[name] for name in (RANGE_START, RANGE_END) if name in tags)
    why = problems or [("run", stored.entry.message or stored.entry.user_message or "ended without a failed step")]
    retry = "yes" if tags.get("dagster/will_retry") == "true" else "no"
    facts = [("run", stored.entry.run_id), ("sessions", window or "—"), ("started by", _starter(tags))]
    return Event(
        key=f"run/{stored.entry.run_id}",
        kind=Kind.RUN_FAILURE,
        severity=Severity.ERROR,
        subject=f"Run failed: {_shown_job(job)}" + (f" {window}" if window else ""),
        occurred_at=stored.at,
        order_key=f"run/{job}",
        blocks=(
            Block("Failed steps", tuple((step, _short(sentence)) for step, sentence in why)),
            Block("Run", (*facts, ("retried", retry))),
        ),
        owner=_owner(scene.platform),
        asset=problems[0][0] if problems else None,
        link=f"/runs/{stored.entry.run_id}",
    )


def partitions_late(scene: Scene, job: str, universe: str, day: str, absent: Sequence[str], is_missing: bool) -> Event:
    """Partitions of a session that are not there at their deadline, or (missing) not at that of the next session."""
    word = "Missing" if is_missing else "Late"
    return Event(
        key=f"{word.lower()}/{job}/{universe}/{day}",
        kind=Kind.PARTITION_MISSING if is_missing else Kind.PARTITION_LATE,
        severity=Severity.ERROR if is_missing else Severity.WARNING,
        subject=f"{word}: {job} of {universe} for {day}",
        occurred_at=scene.now,
        order_key=f"partitions/{job}/{universe}",
        blocks=(
            Block(f"{len(absent)} asset(s) have no partition {day}", tuple(absent[:SHOWN])),
            _block("What to do", f"start `{job}` for {day}, or see which check or failed run stops it"),
        ),
        owner=_owner(scene.platform),
        asset=absent[0],
        link=f"/assets/{absent[0]}?partition={day}",
    )


def partitions_arrived(scene: Scene, job: str, universe: str, day: str) -> Event:
    """All partitions of a late session are there."""
    return Event(
        key=f"arrived/{job}/{universe}/{day}",
        kind=Kind.RECOVERED,
        severity=Severity.WARNING,
        subject=f"Recovered: {job} of {universe} for {day} is complete",
        occurred_at=scene.now,
        order_key=f"partitions/{job}/{universe}",
        owner=_owner(scene.platform),
    )


def calendar_ends(scene: Scene, exchange: str, end: str, warning: str) -> Event:
    """Few known sessions are left; `end` names the last one and the step of the ladder."""
    return Event(
        key=f"calendar/{exchange}/{end}",
        kind=Kind.CALENDAR_END,
        severity=Severity.WARNING,
        subject=f"The calendar of {exchange} ends on {end.partition('/')[0]}",
        occurred_at=scene.now,
        order_key=f"calendar/{exchange}",
        blocks=(_block("What is known", warning),),
        owner=_owner(scene.platform),
    )


def disk_low(scene: Scene, free: int, share: float, limit: float) -> Event:
    """Less than the configured share of the disk is free."""
    left = f"{free / GIB:.1f} GiB ({share:.1%}) are free, fewer than {limit:.1%}"
    remedy = "run the job `maintenance`, delete old exports, or move the home to a larger disk"
    return _of_disk(scene, "low", Kind.DISK_LOW, Severity.ERROR, "The disk is nearly full", (left, remedy))


def disk_recovered(scene: Scene, since: str, free: int, share: float) -> Event:
    """There is room again."""
    left = f"{free / GIB:.1f} GiB ({share:.1%}) are free; it was nearly full since {since[:16]} UTC"
    subject = "Recovered: the disk has room again"
    return _of_disk(scene, "recovered", Kind.RECOVERED, Severity.WARNING, subject, (left,))


def sensor_failed(scene: Scene, watch: str, reason: str) -> Event:
    """A sensor raised, or stands still."""
    return Event(
        key=f"sensor/{watch}/{scene.now.isoformat()}",
        kind=Kind.SENSOR_FAILED,
        severity=Severity.ERROR,
        subject=f"The sensor {watch} does not work",
        occurred_at=scene.now,
        order_key=f"sensor/{watch}",
        blocks=(_block("What was seen", f"{watch}: {reason}"), _block("What to do", "see its ticks in the UI")),
        owner=_owner(scene.platform),
        asset="alerts/platform/heartbeat",
        link="/automation",
    )


def sensor_recovered(scene: Scene, watch: str, reason: str) -> Event:
    """A sensor works again."""
    return Event(
        key=f"sensor/{watch}/recovered/{scene.now.isoformat()}",
        kind=Kind.RECOVERED,
        severity=Severity.WARNING,
        subject=f"Recovered: the sensor {watch} works again",
        occurred_at=scene.now,
        order_key=f"sensor/{watch}",
        blocks=(_block("It was", reason),),
        owner=_owner(scene.platform),
        asset="alerts/platform/heartbeat",
    )


def source_changed(scene: Scene, row: Mapping[str, Any]) -> Event:
    """A row of `source_events`: switched, recovered or exhausted."""
    kind, severity, said = _SOURCE[row["kind"]]
    return Event(
        key=f"source/{row['id']}",
        kind=kind,
        severity=severity,
        subject=f"{said}: {row['topic']}" + (f" from {row['source']}" if row["source"] else ""),
        occurred_at=row["recorded_at"],
        order_key=f"source/{row['topic']}",
        blocks=(
            Block("Source", (("topic", row["topic"]), ("now", row["source"] or "none"), ("before", row["before"]))),
            _block("Why", row["detail"] or "no reason recorded"),
        ),
        owner=_owner(scene.platform),
        about=row["topic"],
    )


def history_restated(scene: Scene, row: Mapping[str, Any]) -> Event:
    """A row of `restatements`: a provider changed bars that were stored before."""
    days = f"{row['start']} to {row['end']}"
    return Event(
        key=f"restated/{row['id']}",
        kind=Kind.HISTORY_RESTATED,
        severity=Severity.WARNING,
        subject=f"History restated: {row['universe']} from {row['start']}",
        occurred_at=row["found_at"],
        order_key=f"restated/{row['universe']}",
        blocks=(
            Block("What changed", (("sessions to make again", days), ("rows", str(row["rows"])))),
            Block("Symbols", tuple(sorted(row["changes"])[:SHOWN])),
        ),
        owner=_owner(scene.platform),
        asset=f"market/{row['universe']}/bars",
        link=f"/runs/{row['run_id']}",
    )


def signal_report(
    platform: Platform, universe: str, strategy: str, symbol: str, day: str, text: str, at: dt.datetime
) -> Event:
    """The text report of one strategy on one symbol."""
    event = trend_signal(symbol.removesuffix(".US"), dt.date.fromisoformat(day), strategy, text, at)
    return replace(event, owner=_owner(platform), asset=f"reports/{universe}/signal", about=symbol)


def market_report(platform: Platform, universe: str, day: str, message: Mapping[str, Any], at: dt.datetime) -> Event:
    """The market report of a session: `subject`, `closing` and `blocks` as its step has noted them."""
    blocks = [(heading, tuple(_line(line) for line in lines)) for heading, lines in message["blocks"]]
    on = dt.date.fromisoformat(day)
    event = market_report_event(universe, on, message["subject"], blocks, message["closing"], at)
    return replace(event, owner=_owner(platform))


def _line(line: str | Sequence[str]) -> str | tuple[str, str]:
    return line if isinstance(line, str) else (line[0], line[1])


def _of_disk(scene: Scene, word: str, kind: Kind, severity: Severity, subject: str, lines: tuple[str, ...]) -> Event:
    key = f"disk/{word}/{scene.now.isoformat()}"
    return Event(key, kind, severity, subject, scene.now, "disk", (Block("", lines),), owner=_owner(scene.platform))


def _facts(evaluation: dg.AssetCheckEvaluation, stored: Stored) -> Block:
    names = ("observed", "limit", "on fail")
    said = [(name, str(evaluation.metadata[name].value)) for name in names if name in evaluation.metadata]
    partition = [("partition", evaluation.partition)] if evaluation.partition else []
    return Block("Check", (*said, *partition, ("run", stored.entry.run_id or "reported without a run")))


def _once(what: str, name: str, stored: Stored) -> str:
    # SQLite may give the id of a deleted row again; with the time it names one evaluation for ever
    return f"{what}/{name}/{stored.storage_id}/{int(stored.entry.timestamp * 1000)}"


def _block(heading: str, text: str) -> Block:
    return Block(heading, (_short(text),))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _minute(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def _starter(tags: Mapping[str, str]) -> str:
    named = {"dagster/schedule_name": "schedule", "dagster/sensor_name": "sensor", "dagster/backfill": "backfill"}
    return next((f"{word} {tags[tag]}" for tag, word in named.items() if tag in tags), "a person or the command line")


def _shown_job(job: str) -> str:
    return "selected assets" if job.startswith("__ASSET_JOB") else job


def _owner(platform: Platform) -> str | None:
    owners = platform.config.platform.owners
    return owners[0] if owners else None


def _asset_link(key: dg.AssetKey) -> str:
    return f"/assets/{key.to_user_string()}?view=checks"
