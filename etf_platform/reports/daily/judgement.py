"""The overall state of a day and why, in one sentence.

Here: collecting what others judged. Not here: judging (`fuses`, `kpi`). Nothing judged at all is BLOCKED.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from etf_platform.core.states import State, worst
from etf_platform.reports.daily.contents import DailyReport


@dataclass(frozen=True)
class Finding:
    """One judgement: where, by whom, its outcome, and the reason when it is not PASS."""

    universe: str
    what: str
    state: State
    reason: str


def overall(report: DailyReport) -> tuple[State, str]:
    """Worst state of all findings and one sentence that names the first reason for it.

    Findings are: pools that are blocked or have no targets, verdicts of fuses, key figures, rows of the pool summary,
    and each of the last three when nothing is stored. Those of watched pools count as WARN at most.
    """
    found = [_capped(finding, report.watched) for finding in _findings(report)]
    state = worst(finding.state for finding in found)
    if state is State.PASS:
        return state, f"all {len(found)} judgements hold on {report.as_of:%Y-%m-%d}."
    first = next(finding for finding in found if finding.state is state)
    others = sum(finding.state is not State.PASS for finding in found) - 1
    more = f" (and {others} more finding{'s' * (others > 1)} below)" if others else ""
    where = " ".join(filter(None, (first.universe, first.what)))
    return state, f"{where}: {first.reason.rstrip('. ') or 'no reason given'}{more}."


def current_verdicts(report: DailyReport) -> pd.DataFrame:
    """The verdicts; one that was given on an older session than `as_of` is BLOCKED, it says nothing about today."""
    verdicts = report.verdicts
    if verdicts.empty:
        return verdicts
    judged = pd.to_datetime(verdicts["as_of"])
    old = judged < report.as_of
    reasons = "last judged on " + judged.dt.strftime("%Y-%m-%d") + " (" + verdicts["state"] + " then)"
    return verdicts.assign(
        state=verdicts["state"].mask(old, State.BLOCKED.value), reason=verdicts["reason"].mask(old, reasons)
    )


def _findings(report: DailyReport) -> Iterator[Finding]:
    for pool in report.pools:
        if why := report.why_blocked(pool):
            yield Finding(pool, "", State.BLOCKED, why)
    if report.verdicts.empty:
        yield Finding("", "fuses", State.BLOCKED, "no fuse has been evaluated")
    for row in _rows(current_verdicts(report)):
        yield Finding(row["universe"], row["fuse"], State(row["state"]), row["reason"])
    if report.kpi.empty:
        yield Finding("portfolio", "key figures", State.BLOCKED, f"none are stored for {report.as_of:%Y-%m-%d}")
    for row in _rows(report.kpi):
        yield Finding(row["universe"], row["kpi"], State(row["status"]), row["reason"])
    if report.summary.empty:
        yield Finding("portfolio", "figures", State.BLOCKED, "no pool summary is stored")
    for row in _rows(report.summary):
        yield Finding(row["pool"], "figures", State(row["status"]), f"the pool summary says {row['status']}")


def _rows(frame: pd.DataFrame) -> list[dict[Hashable, Any]]:
    return frame.to_dict("records")


def _capped(finding: Finding, watched: tuple[str, ...]) -> Finding:
    if finding.universe in watched and finding.state is not State.PASS:
        return replace(finding, state=State.WARN)
    return finding
