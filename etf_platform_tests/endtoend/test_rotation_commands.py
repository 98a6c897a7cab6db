"""`etf-platform rotation ...` on what is stored."""

import json
import re

import pandas as pd
import pytest

TRIAL = "510050.SH,510300.SH,510500.SH,159915.SZ,159949.SZ"
STATES = {"PASS", "WARN", "FAIL", "BLOCKED"}


@pytest.fixture(scope="module")
def produced(seeded, tmp_path_factory, days):
    """`rotation run` of one day with its output tree."""
    made = seeded.copy(tmp_path_factory.mktemp("rotation") / "home")
    tree = made.home.parent / "tree"
    return made, tree, made.cli("rotation", "run", "--date", days[0], "--base-dir", tree, "--format", "json")


def test_run_writes_the_tree_and_ends_with_its_state(produced):
    made, tree, done = produced

    states = {row["state"] for row in json.loads(done.out)}
    assert done.code == {"PASS": 0, "WARN": 0, "FAIL": 2, "BLOCKED": 3}[max(states, key=sorted_states)]
    assert sorted(p.name for p in tree.iterdir()) == ["panel_A_SHARE", "pool_metrics_summary.csv"]
    assert made.cli("rotation", "run", "--dry-run", "--base-dir", tree).code == 0


def sorted_states(state: str) -> int:
    """Worse is greater."""
    return ["PASS", "WARN", "FAIL", "BLOCKED"].index(state)


def test_dry_run_names_what_is_missing_and_writes_nothing(produced, tmp_path):
    made, _, _ = produced
    before = made.versions()

    done = made.cli("rotation", "run", "--dry-run", "--base-dir", tmp_path / "nothing")

    assert done.code == 3
    assert "missing panel_A_SHARE/panel_FULL_*.parquet" in done.err and "pool_metrics_summary.csv" in done.err
    assert made.versions() == before and not (tmp_path / "nothing").exists()


def test_a_trial_panel_writes_the_tree_of_the_specification(seeded, days, tmp_path):
    out, before = tmp_path / "trial", seeded.versions()

    done = seeded.cli(
        "rotation", "panel", "--symbols", TRIAL, "--pool-name", "A_SHARE", "--output-dir", out,
        "--start-date", "20240701", "--end-date", "20241230",
    )  # fmt: skip

    folder = out / "panel_A_SHARE"
    assert done.code == 0, done.text
    panel = pd.read_parquet(folder / "panel_FULL_20240701_20241230.parquet")
    meta = json.loads((folder / "panel_meta.json").read_text())
    summary = pd.read_csv(folder / "factor_summary_20240701_20241230.csv")
    assert panel.index.names == ["symbol", "date"] and panel.shape[1] == 314
    assert sorted(panel.index.get_level_values("symbol").unique()) == sorted(TRIAL.split(","))
    assert str(panel.index.get_level_values("date").max().date()) == "2024-12-30"
    assert set(meta) >= {
        "engine_version", "price_field", "price_field_priority", "generated_at", "data_range", "run_params",
        "factors", "panel_columns_hash", "pools_used", "cache_key_salt", "convention", "failed_factors", "input_hash",
    }  # fmt: skip
    assert meta["data_range"] == {"start_date": "2024-07-01", "end_date": "2024-12-30"}
    assert len(meta["factors"]) == len(summary) == 314
    assert list(summary.columns) == [
        "factor_id", "coverage", "zero_variance", "min_history", "required_fields", "reason", "identical_group_id",
    ]  # fmt: skip
    assert (folder / "A_SHARE_symbols.txt").read_text().split() == TRIAL.split(",")
    assert len((folder / "production_factors.txt").read_text().split()) == 12
    for name in ("backtest_results.parquet", "daily_equity.parquet", "backtest_metrics.json"):
        assert (folder / name).exists()
    assert (folder / "capacity_constraints_report.json").exists()
    assert seeded.versions() == before


def test_a_trial_with_an_unknown_symbol_is_refused(seeded, tmp_path):
    done = seeded.cli("rotation", "panel", "--symbols", "510050.SH,999999.SH", "--output-dir", tmp_path / "trial")

    assert done.code == 1
    assert "999999.SH not in instruments.yaml" in done.err and "Traceback" not in done.err


def test_metrics_hold_numbers_and_the_chinese_texts(produced):
    document = json.loads((produced[1] / "panel_A_SHARE" / "backtest_metrics.json").read_text())

    assert set(document) == {"schema_version", "exec_mode", "metrics", "display", "months"}
    assert {"annual_return", "max_drawdown", "sharpe", "monthly_win_rate"} <= set(document["metrics"])
    assert re.fullmatch(r"-?\d+\.\d\d%", document["display"]["年化收益"])


def test_checks_judge_and_end_with_the_worst_state(produced, tmp_path):
    made, _, _ = produced

    done = made.cli("rotation", "checks", "--output-dir", tmp_path, "--format", "json")

    rows = json.loads(done.out)
    worst = max((row["state"] for row in rows), key=sorted_states)
    assert {row["state"] for row in rows} <= STATES
    assert all(row["reason"] for row in rows if row["state"] != "PASS")
    assert done.code == {"PASS": 0, "WARN": 0, "FAIL": 2, "BLOCKED": 3}[worst]
    assert json.loads((tmp_path / "checks.json").read_text()) == rows


def test_capacity_of_the_exported_files_is_that_of_the_lake(produced, tmp_path):
    made, tree, _ = produced

    stored = made.cli("rotation", "capacity", "--output-dir", tmp_path / "a", "--format", "json")
    given = made.cli("rotation", "capacity", "--backtest-dir", tree, "--output-dir", tmp_path / "b", "--format", "json")

    assert json.loads(stored.out) == json.loads(given.out)
    assert stored.code == given.code and stored.code in (0, 2)
    assert (tmp_path / "a" / "panel_A_SHARE" / "capacity_constraints_report.json").exists()


def test_a_smaller_capital_takes_a_smaller_share_of_the_turnover(produced, tmp_path):
    made, _, _ = produced
    words = ("rotation", "capacity", "--output-dir", tmp_path, "--format", "json", "--target-capital")

    large, small = (json.loads(made.cli(*words, capital).out) for capital in (7_000_000, 70_000))

    def worst(rows):
        return sum(row["type"] == "adv_constraint" and row["status"] != "PASS" for row in rows)

    assert worst(small) <= worst(large)


def test_aggregate_writes_the_summary(produced, tmp_path):
    made, _, _ = produced

    done = made.cli("rotation", "aggregate", "--base-dir", tmp_path, "--format", "json")

    table = pd.read_csv(tmp_path / "pool_metrics_summary.csv")
    assert done.code in (0, 2), done.text
    assert table["pool"].tolist() == ["A_SHARE", "PORTFOLIO"]
    assert {"年化收益", "最大回撤", "夏普比率", "月胜率", "年化换手", "总收益", "回测年数"} <= set(table.columns)


@pytest.mark.parametrize("mode", ["production", "research"])
def test_filter_writes_the_kept_factors(produced, tmp_path, mode):
    made, _, _ = produced

    done = made.cli("rotation", "filter", "--mode", mode, "--base-dir", tmp_path)

    kept = pd.read_parquet(tmp_path / "panel_A_SHARE" / f"panel_filtered_{mode}.parquet")
    assert done.code == 0, done.text
    assert 8 <= kept.shape[1] < 314
    assert (tmp_path / "panel_A_SHARE" / f"factors_selected_{mode}.yaml").exists()


def test_monthly_keeps_the_months_factor_selection(produced):
    made, _, _ = produced

    done = made.cli("rotation", "monthly", "--month", "2024-12")

    folder = made.home / "snapshots" / "monthly" / "A_SHARE" / "snapshot_202412"
    funnel = pd.read_csv(folder / "funnel_report.csv").set_index("stage")["factors"]
    assert done.code == 0, done.text
    assert funnel["designed"] == 314 and funnel["production"] == 12
    assert (folder / "correlation_heatmap_3m.png").read_bytes()[:4] == b"\x89PNG"
    assert "no session of that month" in made.cli("rotation", "monthly", "--month", "2031-01").text


def test_sweep_prints_the_best_rows_and_stores_all(produced, tmp_path):
    made, _, _ = produced

    done = made.cli(
        "rotation", "sweep", "--param", "lookback=20:60:20", "--param", "top_n=1:2:1",
        "--most", 3, "--output-dir", tmp_path, "--format", "json",
    )  # fmt: skip

    assert done.code == 0, done.text
    assert len(json.loads(done.out)) == 3
    assert "Best of 6 trials" in done.err
    assert any(tmp_path.iterdir())


def test_a_snapshot_is_kept_in_quarantine_while_a_fuse_is_open(produced, tmp_path):
    made, _, run = produced

    listed = json.loads(made.cli("rotation", "snapshots", "--format", "json").out)
    newest = max(listed, key=lambda row: row["name"])
    refused = made.cli("rotation", "restore", newest["name"], "--to", tmp_path / "back")

    assert newest["accepted"] is (run.code == 0)
    if not newest["accepted"]:
        assert refused.code == 1 and "--force" in refused.err and not (tmp_path / "back").exists()
        assert made.cli("rotation", "restore", newest["name"], "--to", tmp_path / "back", "--force").code == 0
    assert (tmp_path / "back" / "panel_A_SHARE" / "backtest_metrics.json").exists()


def test_an_unknown_snapshot_is_refused(produced, tmp_path):
    done = produced[0].cli("rotation", "restore", "snapshot_production_19990101_000000", "--to", tmp_path / "back")

    assert done.code == 1
    assert done.err.startswith("Error: ") and "Traceback" not in done.err


def test_backtest_prints_the_figures(produced):
    made, _, _ = produced

    done = made.cli("rotation", "backtest", "--format", "json")

    rows = {row["metric"]: row["value"] for row in json.loads(done.out)}
    stored = made.rows("backtest/A_SHARE/metrics").set_index("metric")["value"]
    assert done.code in (0, 2), done.text
    assert rows["sharpe"] == pytest.approx(stored["sharpe"], rel=1e-12)
