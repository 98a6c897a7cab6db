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


def write_kpi_snapshot(platform: Platform, universe: str, window: Window) -> Outcome:
    """The week's KPI of every active strategy."""

    def make(week: Week) -> Artefact:
        values = evidence.kpi_values(week)
        return kpi_snapshot.build(values, week.strategies, week.about())

    return _written(platform, window, kpi_snapshot.NAME, make)


def write_risk_exceptions(platform: Platform, universe: str, window: Window) -> Outcome:
    """VaR/ES tests and limits that were passed."""

    def make(week: Week) -> Artefact:
        facts = evidence.risk_facts(week)
        return risk_exceptions.build(facts, platform.config.governance.weekly, week.about())

    return _written(platform, window, risk_exceptions.NAME, make)


def write_pnl_attribution(platform: Platform, universe: str, window: Window) -> Outcome:
    """The result of every running account by parts."""

    def make(week: Week) -> Artefact:
        parts, known, errors = evidence.attributed(week)
        least = platform.config.governance.weekly.min_attribution_coverage
        return pnl_attribution.build(parts, known, errors, least, week.about())

    return _written(platform, window, pnl_attribution.NAME, make)


def write_live_deviation_snapshot(platform: Platform, universe: str, window: Window) -> Outcome:
    """Prices against fair values."""

    def make(week: Week) -> Artefact:
        quoted = evidence.quoted(week)
        return live_deviation_snapshot.build(quoted, platform.config.governance.consistency, week.about())

    return _written(platform, window, live_deviation_snapshot.NAME, make)


def write_consistency_replay(platform: Platform, universe: str, window: Window) -> Outcome:
    """Online against offline over the week."""

    def make(week: Week) -> Artefact:
        facts = judgements.replay_facts(week)
        return consistency_replay.build(facts, platform.config.governance.consistency, week.about())

    return _written(platform, window, consistency_replay.NAME, make)


def write_drift_report(platform: Platform, universe: str, window: Window) -> Outcome:
    """Every feature against its baseline, and what moved."""

    def make(week: Week) -> Artefact:
        rows = judgements.drift_rows(week)
        return drift_report.build(rows, week.events, week.about())

    return _written(platform, window, drift_report.NAME, make)


def write_change_rollback_record(platform: Platform, universe: str, window: Window) -> Outcome:
    """Changes of the week, each bound to an experiment."""

    def make(week: Week) -> Artefact:
        facts = judgements.change_facts(week)
        return change_rollback_record.build(facts, week.about())

    return _written(platform, window, change_rollback_record.NAME, make)


def write_operating_audit(platform: Platform, universe: str, window: Window) -> Outcome:
    """The audit with its checklist."""

    def make(week: Week) -> Artefact:
        facts = judgements.audit_facts(week)
        return operating_audit.build(facts, week.about())

    return _written(platform, window, operating_audit.NAME, make)


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
