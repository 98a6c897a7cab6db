"""The weekly Markdown: headings and their order, Chinese labels, cells."""

from etf_platform.reports.weekly import (
    change_rollback_record,
    consistency_replay,
    daily_regression_gate,
    live_deviation_snapshot,
    operating_audit,
    pnl_attribution,
    risk_exceptions,
    timings,
)
from etf_platform.reports.weekly.markdown import section, table

HEAD = {
    "week": "2024-W45",
    "status": "BLOCKED",
    "reason": "missing: x",
    "as_of": "2024-11-08",
    "inputs": [{"path": "kpi/A/values", "sha256": "version 3", "as_of": "2024-11-08"}],
    "git": {"commit": "abc", "dirty": True},
}
ROW = {"strategy": "A", "source": "s", "experiment_id": "", "pnl": 1234.5, "sharpe": 0.5, "max_drawdown_abs": 0.1}
EXCEPTION = {
    "strategy": "A", "metric": "sharpe", "threshold": ">= 0.5", "actual": "0.1", "scope": "A, R1", "action": "freeze",
    "experiment_id": "EXP-20241001-001", "parameter_id": "abc", "reason": "weekly limit",
}  # fmt: skip
POINT = {"label": "KPI 快照更新", "passed": False, "status": "BLOCKED", "reason": "missing: A"}
AUDIT = {
    **HEAD,
    "summary": {"strategies": 1, "exceptions": None},
    "kpi_snapshot": [{**ROW, "var_breach_rate": 0.02, "fill_calibration_error": None, "status": "WARN"}],
    "risk_exceptions": [EXCEPTION],
    "risk_blocked": [],
    "consistency_checks": {
        "abs_pnl_diff": 1.0,
        "abs_sharpe_diff": None,
        "abs_max_drawdown_diff": 0.0,
        "latest_source": "x",
        "previous_source": "",
        "pairs": [{"strategy": "A", "session": "2024-11-08", "status": "FAIL", "first_stage": "data"}],
    },
    "checklist": {"kpi_snapshot_updated": POINT},
    "regression": {"executed": False},
    "performance_baseline": {"executed": False, "measures": []},
    "latency_baseline": {"executed": False, "measures": []},
    "change_log": {"since_days": 7, "entries": [], "count": 0, "shallow": True},
    "rollback_marker": {"tag": "", "source": "", "strategies": []},
    "parse_errors": [],
    "manual_items": {"adr_signed": {"label": "ADR", "done": True}},
    "incomplete_tasks": ["灰度发布完成"],
}


def headings(text: str) -> list[str]:
    return [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]


def test_the_audit_keeps_the_order_of_the_specification():
    text = operating_audit.render(AUDIT)

    assert text.startswith("# Weekly Operating Audit\n")
    assert headings(text)[:12] == [
        "Input Files", "KPI Snapshot", "Risk Exceptions", "Consistency Checks", "Checklist (Auto)", "Regression Check",
        "Algorithm Performance Baseline", "Latency Baseline", "Change Log", "Rollback Marker", "Manual Items",
        "Incomplete Tasks",
    ]  # fmt: skip


def test_the_audit_reads_as_a_person_would_write_it():
    text = operating_audit.render(AUDIT)

    assert "| A | s | - | 1,234 CNY | 0.50 | 10.00 % | 2.00 % | n/a | WARN |" in text
    assert "| [ ] | KPI 快照更新 | kpi_snapshot_updated | BLOCKED | missing: A |" in text
    assert "- [x] ADR" in text
    assert "- [ ] 灰度发布完成" in text
    assert "0 commit(s) in 7 days, shallow clone: commits may be missing." in text
    assert "Not executed." in text
    assert "- exceptions: n/a" in text


def test_the_attribution_has_counts_snapshot_missing_entries_and_parse_errors_in_this_order():
    counts = {"strategies": 2, "fully_populated": 1, "missing_entries": 1, "parse_errors": 0}
    missing = [{"strategy": "B", "session": "2024-11-05", "symbol": "", "reason": "missing: no account row"}]
    text = pnl_attribution.render(
        {**HEAD, "summary": counts, "attribution": [], "missing_entries": missing, "parse_errors": []}
    )

    assert headings(text) == ["Attribution Snapshot", "Missing Entries", "Parse Errors", "Input Files"]
    assert text.index("- strategies: 2") < text.index("- fully_populated: 1") < text.index("- missing_entries: 1")
    assert "| B | 2024-11-05 | - | missing: no account row |" in text


def test_the_replay_follows_its_template():
    limits = {"status": "PENDING_DATA", "reason": "pending_data"}
    text = consistency_replay.render(
        {
            **HEAD,
            "replay_status": "PENDING_DATA",
            "scope": {"strategies": ["A"], "sessions": [], "configs": []},
            "summary": {"pairs": 1, "compared": 0, "pending": 1, "failed": 0, "breaches": 0},
            "kpi_delta": [],
            "attribution": [],
            "consistency": {"offline": limits, "online": limits, "limits": {}, "pairs": []},
            "breaches": [],
            "top_alerts": [],
            "root_cause_candidates": [],
            "canary": [],
            "actions": ["record quotes"],
        }
    )

    assert headings(text)[:6] == ["Scope", "KPI Delta", "Attribution", "Consistency", "Canary", "Actions"]
    assert "- Replay status: **PENDING_DATA**" in text


def test_a_change_is_told_in_the_words_of_the_template():
    counts = {"changes": 0, "rollbacks": 0, "commits": 0}
    row = {"experiment_id": "EXP-20241001-001", "rollback_version": "R1"}
    text = change_rollback_record.render(
        {**HEAD, "summary": counts, "changes": [row], "rollbacks": [], "other_acts": [], "commits": []}
    )

    assert "| 实验编号 | 变更内容 | 数据窗口 | 配置版本 | 预期影响 | 回滚版本 |" in text
    assert "EXP-20241001-001" in text


def test_an_exception_is_told_in_the_words_of_the_template():
    counts = {"strategies": 1, "tests": 0, "exceptions": 1, "blocked": 0}
    text = risk_exceptions.render({**HEAD, "summary": counts, "exceptions": [EXCEPTION], "blocked": [], "tests": []})

    assert "| 指标 | 阈值 | 实际值 | 影响范围 | 处置动作 |" in text
    assert "| A | sharpe | >= 0.5 | 0.1 | A, R1 | freeze | EXP-20241001-001 | abc | weekly limit |" in text


def test_a_failed_command_shows_the_end_of_its_output():
    row = {"command": "no-such", "return_code": 127, "passed": False, "duration_sec": 0.1, "output_tail": ["not found"]}
    text = daily_regression_gate.render({**HEAD, "summary": {"commands": 1, "failed": 1}, "results": [row]})

    assert "| no-such | 127 | no | 0.1 |" in text
    assert "### Output of `no-such`\n\n```\nnot found\n```" in text


def test_prices_that_are_pending_are_named_once_per_strategy():
    counts = dict.fromkeys(("n_rows", "n_alerts", "max_abs_bps", "mean_abs_bps", "threshold_bps", "alignment_seconds"))
    pending = [{"strategy": "A", "session": f"2024-11-0{k}", "reason": "pending_data"} for k in (4, 5)]
    without = [{"strategy": "B", "reason": "the source has no quotes by its declaration"}]
    found = {"summary": counts, "alerts": [], "heat_map": [], "pending": pending, "not_applicable": without}
    text = live_deviation_snapshot.render({**HEAD, **found})

    assert "- A: pending_data for 2024-11-04, 2024-11-05" in text
    assert "## Not Applicable\n\n- B: the source has no quotes by its declaration" in text


def test_times_stand_beside_their_limits():
    row = {
        "name": "signal",
        "p95_ms": 12.5,
        "median_ms": 9.0,
        "processor_ms": 8.5,
        "limit_ms": 10.0,
        "rounds": 40,
        "passed": False,
    }
    document = {**HEAD, "executed": True, "passed": False, "measures": [row], "workload": {"pool": "simulated"}}

    assert "| signal | 12.5 | 9 | 8.5 | 10 | 40 | no |" in timings.render(document, "Latency Benchmark")


def test_a_cell_with_a_bar_or_a_line_break_does_not_break_the_table():
    assert table([{"a": "x | y\nz"}], (("a", "a", ""),))[2] == "| x \\| y z |"


def test_a_section_without_lines_says_none():
    assert section("Alerts", []) == ["", "## Alerts", "", "None."]


def test_a_long_change_log_shows_first_what_maps_to_nothing_and_says_what_is_left_out():
    entries = [{"date": "2024-11-06", "commit8": f"{k:08d}", "subject": "x", "maps_to": "EXP"} for k in range(40)]
    loose = {"date": "2024-11-04", "commit8": "deadbeef", "subject": "y", "maps_to": ""}
    log = {"since_days": 7, "entries": [*entries, loose], "count": 41, "shallow": False}

    lines = operating_audit.render({**AUDIT, "change_log": log}).splitlines()

    first = lines.index("| date | commit | subject | maps to |") + 2
    assert lines[first] == "| 2024-11-04 | deadbeef | y | - |"
    assert "... and 11 more in the JSON." in lines
