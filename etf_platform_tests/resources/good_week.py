"""Documents of a week in which everything is in order, written by hand with the keys of the specification."""

from typing import Any

WEEK = "2024-W45"
LABELS = {
    "kpi_snapshot_updated": "KPI 快照更新",
    "rollback_version_marked": "回滚版本已标记",
    "rollback_marker_from_tag": "回滚版本已标记",
    "minimum_regression_passed": "最小回归通过",
    "performance_baseline_passed": "性能基线达标",
    "latency_baseline_passed": "延迟基线达标",
}


def good_week() -> dict[str, dict[str, Any]]:
    """A new copy: name -> document."""
    kpis = [
        {
            "strategy": "A_SHARE",
            "pnl": 1200.0,
            "sharpe": 0.9,
            "max_drawdown_abs": 0.08,
            "var_breach_rate": 0.012,
            "fill_calibration_error": 0.05,
        },
        {
            "strategy": "QDII",
            "pnl": 300.0,
            "sharpe": 1.4,
            "max_drawdown_abs": 0.03,
            "var_breach_rate": 0.008,
            "fill_calibration_error": 0.11,
        },
    ]
    point = {"passed": True, "status": "PASS", "reason": ""}
    audit = {
        "summary": {
            "strategies": 2,
            "exceptions": 0,
            "consistency_pairs": 10,
            "consistency_exceptions": 0,
            "parse_errors": 0,
        },
        "kpi_snapshot": kpis,
        "risk_exceptions": [],
        "checklist": {key: {"label": label, **point} for key, label in LABELS.items()},
        "rollback_marker": {"tag": "backup-release-20241104-010203-0a1b2c3d", "source": "tag", "commit": "0a1b2c3d"},
        "change_log": {
            "since_days": 7,
            "entries": [
                {"date": f"2024-11-{8 - i // 3:02d}", "commit8": f"{i:08d}", "subject": f"change {i}"}
                for i in range(12)
            ],
            "count": 12,
            "shallow": False,
        },
        "incomplete_tasks": [],
    }
    documents: dict[str, dict[str, Any]] = {
        "performance_baseline": {"executed": True, "passed": True, "measures": []},
        "latency_benchmark": {"executed": True, "passed": True, "measures": []},
        "kpi_snapshot": {"kpi_snapshot": kpis},
        "risk_exceptions": {"summary": {"exceptions": 0, "blocked": 0}, "exceptions": []},
        "change_rollback_record": {},
        "operating_audit": audit,
        "pnl_attribution": {},
        "live_deviation_snapshot": {"summary": {"n_rows": 40, "n_alerts": 0}},
        "consistency_replay": {"replay_status": "PASS", "breaches": []},
        "drift_report": {"summary": {"features": 8, "alerts": 0, "majors": 0, "blocked": 0}},
    }
    return {name: envelope(body) for name, body in documents.items()}


def envelope(body: dict[str, Any], status: str = "PASS", reason: str = "") -> dict[str, Any]:
    """A body with what every document has."""
    head = {"schema_version": 1, "week": WEEK, "generated_at_utc": "2024-11-11T13:00:00+00:00"}
    return {**head, "status": status, "reason": reason, "inputs": [], "git": {"commit": "", "dirty": None}, **body}
