"""The evidence of a week: one function per document, each reads, builds and writes it for the ISO week of the window.

A document that people have signed is left as it is. Not here: reading (`orchestration.weekly`), what a document says
(`governance.weekly`), its words (`reports.weekly`), decisions (`weekly_decision`).
"""

from collections.abc import Callable
from functools import partial

from etf_platform.governance.weekly import artefact as pack
from etf_platform.governance.weekly import (
    change_rollback_record,
    consistency_replay,
    drift_report,
    kpi_snapshot,
    live_deviation_snapshot,
    operating_audit,
    pnl_attribution,
    risk_exceptions,
    timings,
)
from etf_platform.governance.weekly.artefact import Artefact
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window
from etf_platform.orchestration.weekly import evidence, judgements, regression
from etf_platform.orchestration.weekly.measuring import measure
from etf_platform.orchestration.weekly.week import Week, document_of
from etf_platform.reports.weekly import change_rollback_record as change_words
from etf_platform.reports.weekly import consistency_replay as replay_words
from etf_platform.reports.weekly import drift_report as drift_words
from etf_platform.reports.weekly import kpi_snapshot as kpi_words
from etf_platform.reports.weekly import live_deviation_snapshot as live_words
from etf_platform.reports.weekly import operating_audit as audit_words
from etf_platform.reports.weekly import pnl_attribution as attribution_words
from etf_platform.reports.weekly import risk_exceptions as risk_words
from etf_platform.reports.weekly import timings as timing_words
from etf_platform.reports.weekly.markdown import Document

WORDS: dict[str, Callable[[Document], str]] = {
    kpi_snapshot.NAME: kpi_words.render,
    risk_exceptions.NAME: risk_words.render,
    pnl_attribution.NAME: attribution_words.render,
    live_deviation_snapshot.NAME: live_words.render,
    consistency_replay.NAME: replay_words.render,
    drift_report.NAME: drift_words.render,
    change_rollback_record.NAME: change_words.render,
    operating_audit.NAME: audit_words.render,
    timings.PERFORMANCE: partial(timing_words.render, title="Algorithm Performance Baseline"),
    timings.LATENCY: partial(timing_words.render, title="Latency Benchmark"),
}
write_daily_regression = regression.write_daily_regression


Step = Callable[[Platform, str, Window], Outcome]


def _step(name: str, make: Callable[[Week], Artefact]) -> Step:
    """The step that writes one document of the week of its window."""

    def write(platform: Platform, universe: str, window: Window) -> Outcome:
        return _written(platform, window, name, make)

    return write


def _kpi_snapshot(week: Week) -> Artefact:
    """The week's KPI of every active strategy."""
    return kpi_snapshot.build(evidence.kpi_values(week), week.strategies, week.about())


def _risk_exceptions(week: Week) -> Artefact:
    """VaR/ES tests and limits that were passed."""
    return risk_exceptions.build(evidence.risk_facts(week), week.limits.weekly, week.about())


def _pnl_attribution(week: Week) -> Artefact:
    """The result of every running account by parts."""
    return pnl_attribution.build(*evidence.attributed(week), week.limits.weekly.min_attribution_coverage, week.about())


def _live_deviation(week: Week) -> Artefact:
    """Prices against fair values."""
    return live_deviation_snapshot.build(evidence.quoted(week), week.limits.consistency, week.about())


def _consistency_replay(week: Week) -> Artefact:
    """Online against offline over the week."""
    return consistency_replay.build(judgements.replay_facts(week), week.limits.consistency, week.about())


def _drift_report(week: Week) -> Artefact:
    """Every feature against its baseline, and what moved."""
    return drift_report.build(judgements.drift_rows(week), week.events, week.about())


def _change_rollback_record(week: Week) -> Artefact:
    """Changes of the week, each bound to an experiment."""
    return change_rollback_record.build(judgements.change_facts(week), week.about())


def _operating_audit(week: Week) -> Artefact:
    """The audit with its checklist."""
    return operating_audit.build(judgements.audit_facts(week), week.about())


write_kpi_snapshot = _step(kpi_snapshot.NAME, _kpi_snapshot)
write_risk_exceptions = _step(risk_exceptions.NAME, _risk_exceptions)
write_pnl_attribution = _step(pnl_attribution.NAME, _pnl_attribution)
write_live_deviation_snapshot = _step(live_deviation_snapshot.NAME, _live_deviation)
write_consistency_replay = _step(consistency_replay.NAME, _consistency_replay)
write_drift_report = _step(drift_report.NAME, _drift_report)
write_change_rollback_record = _step(change_rollback_record.NAME, _change_rollback_record)
write_operating_audit = _step(operating_audit.NAME, _operating_audit)


def write_performance_baseline(platform: Platform, universe: str, window: Window) -> Outcome:
    """P95 of VaR by Monte Carlo and of a back-test."""
    return _measured(platform, window, timings.PERFORMANCE)


def write_latency_benchmark(platform: Platform, universe: str, window: Window) -> Outcome:
    """P95 of signal, risk check, and end to end."""
    return _measured(platform, window, timings.LATENCY)


def _measured(platform: Platform, window: Window, name: str) -> Outcome:
    """A week is measured once per code and configuration: measuring again would only give other digits."""

    def make(week: Week) -> Artefact:
        found = measure(platform.config, name)
        workload = {**found.workload, "config": platform.config.digest}
        return timings.build(name, found.seconds, workload, week.about(), found.processor)

    week = Week(platform, window)
    known = pack.read(week.where, name)
    if known is not None and known["executed"] and _is_same(known, week, platform.config.digest):
        facts = {"week": week.name, "state": known["status"], "reason": "measured before", "written": False}
        return Outcome(facts=facts)
    return _written(platform, window, name, make)


def _is_same(known: Document, week: Week, config: str) -> bool:
    about = week.about()
    return known["git"] == {"commit": about.commit, "dirty": about.is_dirty} and known["workload"]["config"] == config


def _written(platform: Platform, window: Window, name: str, make: Callable[[Week], Artefact]) -> Outcome:
    week = Week(platform, window)
    if week.is_signed(name):
        return week.left_alone(name)
    artefact = make(week)
    return week.write(artefact, WORDS[name](document_of(artefact)))
