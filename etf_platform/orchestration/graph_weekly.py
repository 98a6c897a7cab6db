"""The weekly chain, as data: evidence first, then what is decided on it, in the order of the chain.

Every step writes one document of the week into the folder of the reports; none writes a table. Not here: daily
operations (`graph_operations`).
"""

from etf_platform.orchestration.step import Step

_STEPS = "etf_platform.orchestration.steps"
WEEKLY = "operations_weekly"
HERE = "governance/{pool}/"


def _step(name: str, run: str, needs: tuple[str, ...], description: str) -> Step:
    return Step(f"{HERE}{name}", f"{_STEPS}.{run}", needs, (), description, True, frozenset({"python"}), WEEKLY)


def _of_week(*names: str) -> tuple[str, ...]:
    return tuple(f"{HERE}{name}" for name in names)


VALUES = ("kpi/{pool}/values", "kpi/{each}/values")

WEEKLY_STEPS: tuple[Step, ...] = (
    _step("performance_baseline", "weekly:write_performance_baseline", (), "P95 of VaR and back-test against limits."),
    _step("latency_benchmark", "weekly:write_latency_benchmark", (), "P95 of signal, risk check and end to end."),
    _step("kpi_snapshot", "weekly:write_kpi_snapshot", VALUES, "The week's metrics of every strategy."),
    _step(
        "risk_exceptions",
        "weekly:write_risk_exceptions",
        (*VALUES, "risk/{each}/coverage"),
        "Metrics and forecasts beyond their limits, with strategy, parameter and action.",
    ),
    _step(
        "change_rollback_record",
        "weekly:write_change_rollback_record",
        (),
        "Changes of the week, each bound to an experiment, and what they would be rolled back to.",
    ),
    _step(
        "operating_audit",
        "weekly:write_operating_audit",
        (
            *_of_week("kpi_snapshot", "risk_exceptions", "change_rollback_record"),
            *_of_week("performance_baseline", "latency_benchmark"),
            "governance/{each}/consistency",
        ),
        "The week against the checklist: what is done, what is open.",
    ),
    _step(
        "pnl_attribution",
        "weekly:write_pnl_attribution",
        ("paper/{each}/account", "market/{each}/bars"),
        "Where the week's result comes from; the sum closes.",
    ),
    _step(
        "live_deviation_snapshot",
        "weekly:write_live_deviation_snapshot",
        ("market/{each}/bars",),
        "Market prices against fair values, in basis points.",
    ),
    _step(
        "consistency_replay",
        "weekly:write_consistency_replay",
        ("governance/{each}/consistency", *_of_week("live_deviation_snapshot")),
        "Online against offline over the week.",
    ),
    _step("drift_report", "weekly:write_drift_report", ("drift/{each}/features",), "Drift of the week and its stages."),
    _step(
        "canary_checklist",
        "weekly_decision:write_canary_checklist",
        _of_week(
            "operating_audit",
            "kpi_snapshot",
            "risk_exceptions",
            "pnl_attribution",
            "change_rollback_record",
            "live_deviation_snapshot",
            "consistency_replay",
            "drift_report",
        ),
        "HOLD or PROCEED_CANARY: blockers, warnings, plan, what to watch, when to roll back.",
    ),
    _step(
        "adr",
        "weekly_decision:write_adr",
        _of_week("canary_checklist"),
        "Draft of the decision record; what people write into it stays.",
    ),
    _step(
        "decision_log",
        "weekly_decision:write_decision_log",
        _of_week("canary_checklist", "adr"),
        "APPROVE_CANARY or HOLD_AND_REMEDIATE, with reason, evidence and follow-up tasks.",
    ),
    _step(
        "manual_status",
        "weekly_decision:write_manual_status",
        _of_week("decision_log"),
        "What only people can do, as far as they have signed it.",
    ),
    _step(
        "signoff_pack",
        "weekly_decision:write_signoff_pack",
        _of_week("decision_log", "manual_status"),
        "Automatic checks, manual items and sign-offs: AUTO_BLOCKED, PENDING_MANUAL_SIGNOFF or READY_FOR_CLOSE.",
    ),
)
