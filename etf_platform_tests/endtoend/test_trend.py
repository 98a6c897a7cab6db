"""The trend and risk commands as a person uses them, on recorded QQQ and VIX."""

import itertools
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from etf_platform.core import tables as t
from etf_platform.core.workspace import packaged_config
from etf_platform.storage.lake import Lake
from etf_platform_tests.resources.command import invoke

TABLES = (t.BARS, t.INDICATORS, t.SIGNALS, t.FORECASTS)
FIRST, SECOND, LAST = "2020-08-12", "2020-08-13", "2020-08-14"
RAN = (2,)  # forecast_coverage is FAIL after the spring of 2020: the run is done, and says so
QQQ, VIX = "us/QQQ_total_return_adjusted.csv", "us/VIX_daily.csv"


@dataclass(frozen=True)
class Desk:
    """A home for QQQ with VIX, its configuration and its data."""

    home: Path
    config: Path
    data: Path

    def cli(self, *words: object):
        """Run one command; the result has exit_code, stdout, stderr."""
        shared = ["--home", self.home, "--config", self.config, "--data", self.data, "--source", "etf_qfq_eastmoney"]
        return invoke((*words, *shared))

    def rows(self, table: t.Table) -> pd.DataFrame:
        """Everything stored, without what names the reading and not the day."""
        stored = Lake(self.home / "lake").read(table, "US")
        return stored.drop(columns=["fetched_at"], errors="ignore")

    def moved(self, home: Path) -> "Desk":
        """The same desk in another home."""
        return Desk(home, self.config, self.data)


def configured(
    folder: Path, runs: list[dict] | None = None, strategies: dict | None = None, backtest: dict | None = None
) -> Path:
    """Shipped files with a universe of QQQ and VIX, one run, two methods."""
    config = shutil.copytree(packaged_config(), folder / "configs")
    _change(config / "universes.yaml", _only_qqq)

    def trend(raw):
        raw["trend"]["runs"] = runs or [{"strategy": "EMA_trend_v3", "symbol": "QQQ.US"}]
        raw["trend"]["strategies"] |= strategies or {}
        raw["trend"]["backtest"] |= backtest or {}

    _change(config / "strategies.yaml", trend)
    _change(
        config / "risk.yaml",
        lambda raw: raw.update(methods=["historical", "parametric"], governing_method="historical"),
    )
    return config


def _only_qqq(raw):
    us = raw["universes"]["US"]
    us.update(symbols=["QQQ.US", "^VIX"], traded=["QQQ.US"], source_of={"^VIX": "us_vix"}, history_start="2010-01-04")


def _change(path: Path, change) -> None:
    raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    change(raw)
    path.write_text(yaml.safe_dump(raw, allow_unicode=True), encoding="utf-8")


@pytest.fixture
def desk(shared, tmp_path):
    """A desk that has loaded nothing."""
    return Desk(tmp_path / "home", configured(tmp_path), _data(shared, tmp_path))


@pytest.fixture(scope="module")
def ran(shared, tmp_path_factory):
    """A desk on which `FIRST` has run; tests only look."""
    folder = tmp_path_factory.mktemp("trend")
    desk = Desk(folder / "home", configured(folder), _data(shared, folder))
    done = desk.cli("trend", "run", "--date", FIRST)
    assert done.exit_code in RAN, done.output
    return desk


def _data(shared, folder: Path) -> Path:
    """Copies of the two files, so that a test may damage them."""
    for name in (QQQ, VIX):
        target = folder / "data" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shared("data") / name, target)
    return folder / "data"


def test_a_day_alone_and_a_day_in_a_backfill_are_the_same_rows(ran, tmp_path):
    one_by_one = ran.moved(tmp_path / "one")
    shutil.copytree(ran.home, one_by_one.home)
    for day in (SECOND, LAST):
        assert one_by_one.cli("trend", "run", "--date", day).exit_code in RAN
    at_once = ran.moved(tmp_path / "once")
    assert at_once.cli("trend", "run", "--date", LAST).exit_code in RAN

    for table in TABLES:
        pd.testing.assert_frame_equal(one_by_one.rows(table), at_once.rows(table), check_exact=True)


def test_days_that_were_missed_are_caught_up(ran, tmp_path):
    later = ran.moved(tmp_path / "later")
    shutil.copytree(ran.home, later.home)

    assert later.cli("trend", "run", "--date", LAST).exit_code in RAN
    assert SECOND in set(later.rows(t.SIGNALS)["date"].astype(str))


def test_the_report_of_a_past_day_is_what_was_written_then(ran, tmp_path):
    """Bars of the three days after it change no letter."""
    then = ran.cli("trend", "report", "--date", FIRST, "--form", "md").stdout
    later = ran.moved(tmp_path / "later")
    shutil.copytree(ran.home, later.home)
    later.cli("trend", "run", "--date", LAST)

    assert later.cli("trend", "report", "--date", FIRST, "--form", "md").stdout == then
    assert (ran.home / "reports" / "signal" / f"EMA_trend_v3_QQQ.US_{FIRST}.md").read_text() == then


def test_the_signal_of_a_day_has_the_lines_of_the_specification(ran):
    lines = ran.cli("trend", "signal", "--date", FIRST).stdout.splitlines()

    assert lines[0] == lines[-1] == "=" * 55
    assert lines[1] == f"【QQQ 纳指机构级(v3) 信号 - {FIRST}】"
    assert lines[-4:-1][0].startswith("  操作建议: ")


def test_the_backtest_reports_both_rule_variants_against_both_benchmarks(ran):
    document = json.loads(ran.cli("trend", "backtest", "--dict").stdout)

    assert set(document["variants"]) == {"condition_1", "all_conditions"}
    assert document["benchmark"]["total_return"] > 0
    assert document["benchmark_exposure_matched"]["max_drawdown"] > document["benchmark"]["max_drawdown"]


def test_a_sweep_ranks_every_combination(ran):
    done = ran.cli("trend", "sweep", "--param", "ema_fast=40,80", "--param", "ema_slow=150,200", "--format", "json")

    rows = json.loads(done.stdout)
    assert len(rows) == 4
    assert [row["sharpe"] for row in rows] == sorted((row["sharpe"] for row in rows), reverse=True)
    assert "deflated Sharpe" in done.stderr


def test_a_walk_forward_stays_between_its_days(ran):
    done = ran.cli(
        *("trend", "sweep", "--param", "ema_fast=40,80", "--walk-forward", "252:126", "--format", "json"),
        *("--start", "2016-01-04", "--end", "2018-12-31"),
    )

    windows = json.loads(done.stdout)
    assert windows[0]["train_start"][:10] == "2016-01-04" and windows[-1]["test_end"][:10] == "2018-12-31"


def test_fills_that_knew_their_price_are_marked_in_every_form(ran, tmp_path):
    same = Desk(ran.home, configured(tmp_path, backtest={"next_day_execution": False}), ran.data)

    assert "成交方式: same_close" in same.cli("trend", "backtest").stdout
    assert all(
        "[same_close]" in row["source"] for row in json.loads(same.cli("trend", "backtest", "--format", "json").stdout)
    )


def test_a_back_test_as_the_original_has_its_positive_drawdown(ran, tmp_path):
    original = Desk(ran.home, configured(tmp_path, backtest={"execution": "original_compatible"}), ran.data)

    document = json.loads(original.cli("trend", "backtest", "--dict").stdout)
    assert document["max_drawdown"] > 0.0 and document["execution"] == "original_compatible"


def test_too_little_data_are_a_document_too(ran):
    done = ran.cli("trend", "backtest", "--end", "2011-06-30", "--dict")

    assert json.loads(done.stdout) == {"error": "insufficient_data", "win_rate": 0, "max_drawdown": 0}


def test_a_strategy_as_the_original_reads_the_originals_indicators(ran, tmp_path):
    """Its RSI is of simple averages of the last 9 changes."""
    strategies = {"NDX_short_term": {"original_compatible": True}}
    original = Desk(ran.home, configured(tmp_path, strategies=strategies), ran.data)
    told = json.loads(
        original.cli("trend", "report", "--strategy", "NDX_short_term", "--date", FIRST, "--form", "json").stdout
    )

    close = pd.read_csv(ran.data / QQQ).set_index("date")["close"][:FIRST].tail(10).tolist()
    moves = [now - then for then, now in itertools.pairwise(close)]
    gain, loss = sum(m for m in moves if m > 0), -sum(m for m in moves if m < 0)
    assert told["rsi_9"] == pytest.approx(100.0 - 100.0 / (1.0 + gain / loss))


def test_indicators_agree_with_the_reference(ran):
    done = ran.cli("indicators", "verify", "--format", "json")

    assert done.exit_code == 0
    assert {row["indicator"] for row in json.loads(done.stdout)} >= {"rsi_9", "rsi_24", "adx_14", "macd_line"}


def test_static_data_are_what_a_page_reads(ran, tmp_path):
    assert ran.cli("trend", "static-data", "--out-dir", tmp_path / "web").exit_code == 0

    signal = json.loads((tmp_path / "web" / "signal.json").read_text())
    series = json.loads((tmp_path / "web" / "timeseries.json").read_text())
    assert list(signal)[:4] == ["date", "symbol", "strategy", "close"]
    assert series["to"] == signal["date"] == FIRST


def test_forecasts_are_dated_before_the_session_they_are_for(ran):
    forecasts = ran.rows(t.FORECASTS)

    assert (forecasts["for_date"] > forecasts["date"]).all()
    assert str(forecasts["for_date"].max().date()) == SECOND


def test_coverage_shows_the_methods_side_by_side(ran):
    rows = json.loads(ran.cli("risk", "coverage", "US", "--level", "0.99", "--format", "json").stdout)

    assert {(row["series"], row["method"]) for row in rows} == {
        (series, method) for series in ("QQQ.US", "EMA_trend_v3:QQQ.US") for method in ("historical", "parametric")
    }


SAID = ("Error", "BLOCKED")
CASES = {
    "unknown strategy": (("signal", "EMA_trend_v4"), 1, "did you mean EMA_trend_v3"),
    "unknown symbol": (("signal", "EMA_trend_v3", "--symbol", "ABC"), 1, "ABC.US: it is in no universe"),
    "a date without bars": (("signal", "EMA_trend_v3", "--date", "2020-08-28"), 3, "--date 2020-08-12"),
    "a date before the first bar": (("signal", "EMA_trend_v3", "--date", "2009-08-28"), 3, "no bars of it"),
    "a VIX that cannot be": (("signal", "EMA_trend_v3", "--date", FIRST, "--vix", "nan"), 1, "a VIX of nan cannot be"),
    "a setting given twice": (("sweep", *("--param", "ema_fast=40") * 2), 1, "ema_fast is given twice"),
    "days in the wrong order": (("backtest", "--start", "2019-01-02", "--end", "2018-01-02"), 2, "before --start"),
    "no year": (("static-data", "--years", "0"), 2, "'--years'"),
    "no row": (("sweep", "--param", "ema_fast=40", "--most", "-3"), 2, "'--most'"),
    "two strategies": (("signal", "EMA_trend_v3", "--strategy", "EMA_trend_v2"), 2, "give one of them"),
    "days without bars": (("fetch-data", "--start", "2021-01-04"), 3, "there are none from 2021-01-04"),
    "no grid": (("sweep", "EMA_trend_v3", "--param", "ema_fast=a"), 1, "a value is no number"),
    "a setting that is none": (("sweep", "EMA_trend_v3", "--param", "ema=40"), 1, "ema is no setting"),
    "a strategy without a VIX filter": (("signal", "EMA_trend_v2", "--vix", "30"), 1, "has no VIX filter"),
    "a history shorter than the warm-up": (("backtest", "EMA_trend_v3", "--end", "2011-06-30"), 3, "warm-up takes 600"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_clear_sentence(ran, case):
    words, code, sentence = CASES[case]
    done = ran.cli("trend", *words)

    assert done.exit_code == code
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr and len([x for x in done.stderr.splitlines() if x.startswith(SAID)]) == 1


def test_a_missing_volatility_index_stops_the_load_with_one_sentence(desk):
    (desk.data / VIX).unlink()
    done = desk.cli("trend", "run", "--date", FIRST)

    assert done.exit_code == 3
    assert "VIX_daily.csv" in done.stderr


def test_a_first_load_that_fails_is_told_once(desk):
    (desk.data / QQQ).unlink()
    done = desk.cli("trend", "signal", "--date", FIRST)

    assert done.exit_code == 3
    assert "QQQ_total_return_adjusted.csv" in done.stderr and "there is no such table" not in done.stderr


def test_fewer_bars_than_the_warm_up_give_no_signal(desk):
    """400 rows: the platform says that the history is too short instead of giving another signal."""
    kept = pd.read_csv(desk.data / QQQ)
    kept[kept["date"] <= FIRST].tail(400).to_csv(desk.data / QQQ, index=False)
    desk.cli("trend", "run", "--date", FIRST)
    done = desk.cli("trend", "signal", "--date", FIRST)

    assert done.exit_code == 3
    assert done.stdout.strip() == "【无数据】需要至少 600 根 K 线。"


def test_a_close_that_is_no_number_is_quarantined_and_named(desk):
    rows = pd.read_csv(desk.data / QQQ, dtype=str)
    rows.loc[rows["date"] == "2020-08-11", "close"] = ""
    rows.to_csv(desk.data / QQQ, index=False)
    desk.cli("trend", "run", "--date", FIRST)

    refused = Lake(desk.home / "lake").read(t.QUARANTINE, "US")
    assert (refused["symbol"] == "QQQ.US").sum() == 1 and "close" in refused["reason"].iloc[0]
    done = desk.cli("trend", "signal", "--date", FIRST)
    assert done.exit_code == 3 and "2020-08-11" in done.stderr


WRONG = {
    "unknown strategy in runs": ({"runs": [{"strategy": "EMA_v9", "symbol": "QQQ.US"}]}, "trend.runs.0.strategy"),
    "text for a number": (
        {"strategies": {"EMA_trend_v3": {"ema_fast": "80"}}},
        "trend.strategies.EMA_trend_v3.ema_fast",
    ),
    "text for a flag": ({"backtest": {"next_day_execution": "no"}}, "trend.backtest.next_day_execution"),
    "text for a count": ({"backtest": {"warmup_bars": {"ema": "600"}}}, "trend.backtest.warmup_bars.ema"),
    "a run on no member": ({"runs": [{"strategy": "EMA_trend_v3", "symbol": "AAPL.US"}]}, "trend.runs.0.symbol"),
    "unknown key": ({"strategies": {"EMA_trend_v3": {"ema_quick": 80}}}, "trend.strategies.EMA_trend_v3.ema_quick"),
}


@pytest.mark.parametrize("case", WRONG)
def test_config_check_names_file_and_key(tmp_path, case):
    given, path = WRONG[case]
    done = invoke(["config", "check", "--config", configured(tmp_path, **given)])

    assert done.exit_code == 2
    assert f"strategies.yaml: {path}" in done.stdout
