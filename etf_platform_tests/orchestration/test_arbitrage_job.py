"""The limit-up tracker's assets on simulated stocks: through the real job, day by day as in one run, on request."""

import json
import shutil
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError, GateClosedError, UnknownUnitError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.checks import fuses_on
from etf_platform.orchestration.gates import refuse_behind_open_fuse
from etf_platform.orchestration.graph_arbitrage import FUND_STEPS, STOCK_STEPS
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform, resolve
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.arbitrage_history import special_treatment, write_outcomes
from etf_platform.orchestration.tracking.backtests import run_backtest
from etf_platform.storage import tracker
from etf_platform.storage.opsdb import open_ops

START, DAY = "2023-09-01", date(2024, 1, 31)
DAILY = (t.BARS, t.LIMIT_STATES, t.BOARD_COUNTS, t.BOARD_RETURNS, t.EXPECTATIONS)


def _open(folder):
    """The shipped configuration with a short history."""
    config = folder / "configs"
    if not config.exists():
        shutil.copytree(packaged_config(), config)
        path = config / "arbitrage.yaml"
        text = path.read_text(encoding="utf-8")
        assert 'history_start: "2020-01-02"' in text
        path.write_text(text.replace('history_start: "2020-01-02"', f'history_start: "{START}"'), encoding="utf-8")
    return Platform.open(Workspace(folder / "home", config))


def _steps(platform, day, which):
    for universe, steps in (("FUND", FUND_STEPS), ("STOCK", STOCK_STEPS)):
        for step in filter(which, steps):
            resolve(step.run)(platform, universe, Window(day, day, "test"))


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The job of one day on an empty home, through Dagster."""
    platform = _open(tmp_path_factory.mktemp("arbitrage"))
    with open_instance(platform.workspace) as instance:
        result = (
            definitions_of(platform)
            .resolve_job_def("arbitrage")
            .execute_in_process(instance=instance, partition_key=str(DAY), raise_on_error=False)
        )
    yield platform, result
    platform.ops.dispose()


def test_the_first_run_loads_everything_and_passes_its_fuses(done):
    platform, result = done

    assert result.success
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    assert checks == {"stocks_are_all_there": True, "limits_are_known": True, "holdings_are_fresh": True}
    for table, universe in [(t.BARS, "STOCK"), (t.BARS, "FUND"), (t.LIMIT_STATES, "STOCK"), (t.EXPECTATIONS, "STOCK")]:
        days = platform.lake.read(table, universe, columns=["date"])["date"]
        assert (str(days.min().date()), days.max().date()) == (START, DAY)


def test_everything_is_labelled_as_simulated(done):
    platform, _ = done

    for table in (t.LIMIT_STATES, t.BOARD_RETURNS, t.EVENT_SIGNALS, t.EVENT_TRADES, t.EVENT_FIGURES):
        sources = platform.lake.read(table, "STOCK", columns=["source"])["source"]
        assert len(sources) and sources.str.contains("simulated").all(), table.name


def test_a_day_alone_is_bit_for_bit_the_day_of_the_whole_history(done, tmp_path):
    """Five days of a load that ends before them, one by one, and one of the past again."""
    whole, _ = done
    platform = _open(tmp_path)
    before = whole.sessions("STOCK").index
    days = [d.date() for d in before[before <= str(DAY)][-5:]]
    first = before[before < str(days[0])][-1].date()
    _steps(platform, first, lambda step: not step.needs)
    for day in (first, *days, days[1]):
        _steps(platform, day, lambda step: step.is_partitioned)

    for table in DAILY:
        alone, all_at_once = (p.lake.read(table, "STOCK") for p in (platform, whole))
        pd.testing.assert_frame_equal(alone, all_at_once, check_exact=True)


def test_expectations_read_nothing_of_their_own_day(done):
    """Against a plain count over the stored board returns."""
    platform, _ = done
    returns, day = platform.lake.read(t.BOARD_RETURNS, "STOCK"), pd.Timestamp(DAY)
    rows = platform.lake.read(t.EXPECTATIONS, "STOCK", start=DAY)

    known = returns[(returns["known_on"] < day) & returns["extra_next_open"].notna()]
    every = rows[(rows[["board", "row_bucket", "seal_bucket", "time_bucket"]] == "all").all(axis=1)].iloc[0]
    assert every["events"] == len(known) and every["mean"] == pytest.approx(known["extra_next_open"].mean())
    assert (returns["known_on"] == day).sum() > 0


def test_signals_use_holdings_that_had_been_published(done):
    platform, _ = done
    signals = platform.lake.read(t.EVENT_SIGNALS, "STOCK")

    assert len(signals) > 20
    assert (signals["published_at"] <= signals["date"]).all()


def test_the_day_after_a_stock_provider_was_cut_short_stops_what_follows(done, tmp_path):
    """Two thirds of the stocks are missing: the fuse halts, and expectations are refused."""
    whole, _ = done
    shutil.copytree(whole.workspace.home, tmp_path / "home")
    platform = _open(tmp_path)
    counts = platform.lake.read(t.BOARD_COUNTS, "STOCK")
    last = counts["date"] == counts["date"].max()
    counts.loc[last, "stocks"] = counts.loc[last, "stocks"] // 3
    platform.lake.write(t.BOARD_COUNTS, "STOCK", counts)

    states, expectations = STOCK_STEPS[2], STOCK_STEPS[3]
    judged = platform.judge("STOCK", fuses_on(platform, states, "STOCK"), Window(DAY, DAY, "test"))
    assert {fuse.name: str(reading.state) for fuse, reading in judged}["stocks_are_all_there"] == "FAIL"
    with pytest.raises(GateClosedError, match="stocks_are_all_there on arbitrage/board_counts is FAIL"):
        refuse_behind_open_fuse(platform, "STOCK", expectations)
    platform.ops.dispose()


def _signal(etf, price, stock="600519.SH", day=DAY):
    fields = {"etf_price": price, "confidence": "中", "actionable": True}
    return {"trade_date": day, "stock": stock, "etf": etf, "episode": 1, "fields": fields}


def test_outcomes_of_live_signals_go_to_the_lake_and_to_the_signals(done, tmp_path):
    whole, _ = done
    shutil.copytree(whole.workspace.home, tmp_path / "home")
    platform = _open(tmp_path)
    bars = platform.lake.read(t.BARS, "FUND")
    mine = bars[bars["symbol"] == "510300.SH"].sort_values("date")
    then, after = mine.iloc[-2], mine.iloc[-1]
    day = then["date"].date()
    with open_ops(platform.workspace.ops_url).begin() as connection:
        rows = [_signal("510300.SH", float(then["close"]), day=day), _signal("510050.SH", None, day=day)]
        added = tracker.add_signals(connection, rows, datetime(2024, 1, 30, 3, tzinfo=UTC))

    outcome = write_outcomes(platform, "STOCK", Window(None, None, "test"))
    stored = platform.lake.read(t.SIGNAL_OUTCOMES, "STOCK")
    states = {row["etf"]: row for row in tracker.signals(platform.ops, limit=None)}
    reference = then["close"] * (after["prev_close"] / then["close"])
    assert stored["signal_id"].tolist() == [added[0]["signal_id"]]
    assert stored["next_open"].tolist() == pytest.approx([after["open"] / reference - 1])
    assert (states["510300.SH"]["state"], states["510050.SH"]["state"]) == ("evaluated", "new")
    assert states["510300.SH"]["outcome"]["next_open"] == pytest.approx(stored["next_open"].iloc[0])
    assert outcome.facts["signals"] == 2 and outcome.facts["with an outcome"] == 1
    platform.ops.dispose()


def test_no_live_signal_is_no_outcome_and_no_error(done):
    platform, _ = done

    assert write_outcomes(platform, "STOCK", Window(None, None, "test")).written == ()


def test_a_back_test_on_request_tells_its_progress_and_gives_plain_values(done):
    platform, _ = done
    told = []
    asked = {"start_date": "20231101", "end_date": "20240115", "min_weight": 0.01, "max_etfs": 2, "max_stocks": 30}

    result = run_backtest(platform, asked, lambda share, said: told.append((share, said)))
    shares = [share for share, _ in told]
    days = {row["date"] for row in result["signals"]}
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] == 1.0 and all(said for _, said in told)
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert min(days) >= "2023-11-01" and max(days) <= "2024-01-15"
    assert (
        len({row["etf"] for row in result["signals"]}) <= 2 and len({row["stock"] for row in result["signals"]}) <= 30
    )
    assert all(row["weight"] >= 0.01 for row in result["signals"])
    assert result["statistics"]["total_signals"] == len(result["signals"]) > 0
    assert {row["variant"] for row in result["trades"]} <= {"next_open/next_open"}


def test_the_asset_and_the_back_test_on_request_agree(done):
    """All days, every weight: the same signals and figures."""
    platform, _ = done
    result = run_backtest(platform, {"min_weight": 0.0}, lambda share, said: None)

    stored = platform.lake.read(t.EVENT_FIGURES, "STOCK")
    same = stored[(stored["variant"] == "next_open/next_close") & (stored["bucket"] == "all")].iloc[0]
    mine = next(r for r in result["figures"] if (r["variant"], r["bucket"]) == ("next_open/next_close", "all"))
    assert [result[c] for c in ("n_days", "mean_net")] == [
        next(r for r in result["figures"] if (r["variant"], r["bucket"]) == (result["variant"], "all"))[c]
        for c in ("days", "mean_net")
    ]
    assert len(result["signals"]) == len(platform.lake.read(t.EVENT_SIGNALS, "STOCK"))
    assert [mine[c] for c in ("trades", "mean_net", "mean_extra", "low")] == [
        same[c] for c in ("trades", "mean_net", "mean_extra", "low")
    ]


def test_days_without_a_signal_are_an_empty_result(done):
    platform, _ = done
    result = run_backtest(platform, {"start_date": "2020-01-02", "end_date": "2020-02-01"}, lambda share, said: None)

    assert result["signals"] == [] and result["statistics"]["total_signals"] == 0
    assert all(row["trades"] == 0 and row["mean_net"] is None for row in result["figures"])


@pytest.mark.parametrize(
    ("params", "error", "said"),
    [
        ({"granularity": "5m"}, BadInputError, "no minutes of stocks are stored"),
        ({"interpolation": "linear"}, BadInputError, "before it was published"),
        ({"interpolation": "cubic"}, BadInputError, "no interpolation 'cubic'"),
        ({"evaluator_type": "bold"}, UnknownUnitError, "none is called 'bold'"),
        ({"start_date": "31/01/2024"}, BadInputError, "is no date"),
        ({"start_date": "20240201", "end_date": "20240101"}, BadInputError, "lies after"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(done, params, error, said):
    platform, _ = done

    with pytest.raises(error, match=said):
        run_backtest(platform, params, lambda share, said: None)


def test_special_treatment_is_unknown_unless_a_file_says_it(done):
    platform, _ = done

    assert special_treatment(platform) is None
    assert np.isnan(platform.lake.read(t.LIMIT_STATES, "STOCK", start=DAY)["is_st"].astype("float64")).all()
