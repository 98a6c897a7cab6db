"""The original's endpoints: exact fields, bare codes, percent, null for unknown."""

import datetime as dt
from dataclasses import replace

import pytest

from etf_platform.storage import tracker
from etf_platform.storage.outbox import transaction
from etf_platform_tests.resources.web_home import NOW, client_of, get


def test_status_counts_what_is_there(client):
    found = get(client, "/api/status")

    assert found == {
        "is_running": True,
        "is_trading_time": True,
        "watch_stocks_count": 8,
        "covered_etfs_count": 2,  # 510300 holds 600519 with 8 %, 159915 holds 300750 with 15 %
        "today_signals_count": 1,
        "last_scan_time": "2024-09-30T10:00:00+08:00",
    }


def test_health_names_the_sources(client):
    found = get(client, "/api/health")

    assert found == {
        "status": "healthy",
        "timestamp": "2024-09-30T02:00:00+00:00",
        "sources": {},
        "database": "ok",
        "lake": "ok",
    }


def test_watched_stocks_without_a_quote_are_null_not_zero(client):
    rows = {row["code"]: row for row in get(client, "/api/stocks")}

    assert rows["600519"] == {
        "code": "600519", "name": "贵州茅台", "price": 7.7, "change_pct": 10.0, "is_limit_up": True
    }  # fmt: skip
    assert rows["601318"]["is_limit_up"] is None and rows["601318"]["change_pct"] == 2.04
    assert rows["688981"] == {
        "code": "688981", "name": "中芯国际", "price": None, "change_pct": None, "is_limit_up": None
    }  # fmt: skip


def test_limit_up_holds_only_stocks_at_their_limit(client):
    rows = get(client, "/api/limit-up")

    assert [row["code"] for row in rows] == ["300750", "600519"]
    assert rows[1] == {
        "code": "600519", "name": "贵州茅台", "price": 7.7, "change_pct": 10.0, "volume": 600.0, "amount": 4620.0,
        "turnover": 1.23, "limit_time": "09:31:05", "seal_amount": 1.5e9,
    }  # fmt: skip
    assert (rows[0]["limit_time"], rows[0]["seal_amount"], rows[0]["turnover"]) == (None, None, None)


def test_signals_have_the_original_fields(client):
    rows = get(client, "/api/signals?limit=20&today_only=true")

    assert rows == [
        {
            "signal_id": "SIG_20240930100000_600519_0001", "timestamp": "2024-09-30T10:00:00+08:00",
            "stock_code": "600519", "stock_name": "贵州茅台", "stock_price": 7.7, "etf_code": "510300",
            "etf_name": "沪深300ETF", "etf_price": 4.126, "etf_weight": 0.08, "confidence": "中", "risk_level": "低",
            "reason": "因为",
        }
    ]  # fmt: skip


def test_related_funds_have_the_least_weight_and_only_published_reports(client):
    rows = get(client, "/api/stocks/600519/related-etfs")

    assert rows == [
        {
            "etf_code": "510300", "etf_name": "沪深300ETF华泰柏瑞", "weight": 0.08, "rank": 1, "in_top10": True,
            "category": "宽基", "price": 4.126, "change_pct": 3.07, "volume": 5e8, "premium": 0.12,
        }
    ]  # fmt: skip
    assert get(client, "/api/stocks/601318/related-etfs") == []  # 2 % < 5 %
    assert [row["price"] for row in get(client, "/api/stocks/300750/related-etfs")] == [None, 4.126]


def test_holdings_leave_out_the_issuers_list(client):
    found = get(client, "/api/etfs/510300/holdings")

    assert [h["stock_code"] for h in found["top_holdings"]] == ["600519", "300750", "601318"]
    assert found["top_holdings"][0] == {"stock_code": "600519", "stock_name": "贵州茅台", "weight": 0.08}
    assert found["total_weight"] == pytest.approx(0.16)
    assert (found["etf_code"], found["as_of"], found["published_at"]) == ("510300", "2024-06-30", "2024-07-20")
    assert found["completeness"] == "top10"


def test_a_fund_without_a_report_has_no_holdings(client):
    found = get(client, "/api/etfs/512880/holdings")

    assert (found["top_holdings"], found["total_weight"], found["as_of"]) == ([], None, None)


def test_categories_have_all_five_lists(client):
    found = get(client, "/api/etfs/categories")

    assert list(found) == ["宽基", "科技", "消费", "金融", "其他"]
    assert found["金融"][0]["code"] == "512880" and found["科技"] == []


def test_the_map_has_every_held_stock(client):
    found = get(client, "/api/mapping")

    assert [(fund["etf_code"], fund["weight"]) for fund in found["300750"]] == [("159915", 0.15), ("510300", 0.06)]
    assert set(found) == {"300750", "600519", "601318"}


def test_strategies_are_collected_from_their_folders(client):
    found = get(client, "/api/strategies")

    assert {"default", "conservative", "aggressive"} <= {unit["name"] for unit in found["evaluators"]}
    assert {"highest_weight", "best_liquidity", "lowest_premium", "balanced"} <= {
        unit["name"] for unit in found["selectors"]
    }
    assert get(client, "/api/strategies/validate") == {"valid": True, "errors": []}
    wrong = get(client, "/api/strategies/validate?selector=luck&filters=nothing")
    assert not wrong["valid"] and len(wrong["errors"]) == 2


def test_the_monitor_starts_and_stops_once(client, services):
    assert client.post("/api/monitor/start").json()["status"] == "already_running"
    assert client.post("/api/monitor/stop").json()["status"] == "stopped"
    assert client.post("/api/monitor/stop").json()["status"] == "not_running"
    assert get(client, "/api/status")["is_running"] is False
    assert client.post("/api/monitor/start").json()["status"] == "started"
    assert tracker.monitor(services.ops)["changed_by"] == "api"


def test_a_scan_is_handed_on(client, services):
    assert client.post("/api/monitor/scan").json() == {"status": "success", "message": "done: 12 quotes"}
    assert services.actions.scans == 1


@pytest.mark.parametrize(("state", "status"), [("done", "success"), ("skipped", "success"), ("failed", "failed")])
def test_a_scan_that_failed_says_so(client, services, state, status):
    services.actions.scanned = (state, "no source answered")

    assert client.post("/api/monitor/scan").json() == {"status": status, "message": f"{state}: no source answered"}


@pytest.mark.parametrize("path", ["/api/watchlist", "/api/my-stocks"])
def test_the_watch_list_is_edited_in_place(client, services, path):
    before = services.watchlist.read_text(encoding="utf-8")
    new = {"code": "600000", "name": "浦发银行", "market": "sh", "notes": ""}

    assert client.post(f"{path}/add", json=new).json()["status"] == "success"
    assert client.post(path, json=new).json()["status"] == "already_exists"
    assert get(client, path)["my_stocks"][-1]["code"] == "600000"
    assert client.delete(f"{path}/600000").json()["status"] == "success"
    assert client.delete(f"{path}/600000").status_code == 404
    assert services.watchlist.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    "stock",
    [
        {"code": "60000", "name": "x"},
        {"code": "600000", "name": "x", "market": "sz"},
        {"code": "510300", "name": "x", "market": "sh"},
        {"code": "600000", "name": " ", "market": "sh"},
        {"code": "600000", "name": "a\nb", "market": "sh"},
    ],
)
def test_no_nonsense_enters_the_watch_list(client, stock):
    answer = client.post("/api/watchlist/add", json=stock)

    assert answer.status_code == 422 and answer.json()["remedy"]


COUNTED = {
    "total_signals": 4,
    "by_confidence": {"高": 1, "中": 0, "低": 3},
    "by_risk": {"高": 4, "中": 0, "低": 0},
    "signals_by_date": {"2024-01-02": 1, "2024-01-03": 3},
    "signals_by_month": {"2024-01": 4},
    "most_triggered_stocks": [{"symbol": "600519.SH", "signals": 3}, {"symbol": "999999.SH", "signals": 1}],
    "most_used_etfs": [{"symbol": "510300.SH", "signals": 4}],
}


def test_a_backtest_is_queued_read_and_removed(client, services):
    asked = {"start_date": "20240101", "end_date": "20240630", "granularity": "daily", "min_weight": 0.05}
    assert client.post("/api/backtest/start", json=asked).json() == {
        "backtest_id": "bt-1", "status": "queued", "progress": 0.0, "message": "回测任务已加入队列", "result": None
    }  # fmt: skip
    assert services.actions.params[0]["start_date"] == "20240101"

    tracker.put_backtest(services.ops, "bt-1", services.now(), params=asked, status="running", progress=0.5)
    assert get(client, "/api/backtest/bt-1")["progress"] == 0.5
    assert get(client, "/api/backtest/bt-1/signals", 400)["detail"] == "Backtest not completed yet"

    later = {"stock": "600519.SH", "etf": "510300.SH", "date": "2024-01-02", "weight": 0.08, "risk": "低"}
    result = {"signals": [{"n": 1}, later], "statistics": COUNTED}
    tracker.put_backtest(services.ops, "bt-1", services.now(), status="completed", progress=1.0, result=result)
    page = get(client, "/api/backtest/bt-1/signals?limit=1&offset=1")
    assert page["total"] == 2 and page["signals"][0]["stock_code"] == "600519"
    assert (page["signals"][0]["etf_code"], page["signals"][0]["etf_weight"]) == ("510300", 0.08)
    statistics = get(client, "/api/backtest/bt-1/statistics")
    assert statistics == {
        "total_signals": 4,
        "high_confidence_count": 1, "medium_confidence_count": 0, "low_confidence_count": 3,
        "high_risk_count": 4, "medium_risk_count": 0, "low_risk_count": 0,
        "confidence_distribution": {"高": 25.0, "中": 0.0, "低": 75.0},
        "risk_distribution": {"高": 100.0, "中": 0.0, "低": 0.0},
        "average_signals_per_day": 2.0, "average_signals_per_month": 4.0,
        "most_triggered_stocks": [["600519 贵州茅台", 3], ["999999", 1]],
        "most_used_etfs": [["510300 沪深300ETF华泰柏瑞", 4]],
        "signals_by_date": {"2024-01-02": 1, "2024-01-03": 3}, "signals_by_month": {"2024-01": 4},
    }  # fmt: skip
    whole = get(client, "/api/backtest/bt-1")["result"]
    assert whole["statistics"] == statistics and whole["signals"][1]["stock_code"] == "600519"
    assert get(client, "/api/backtest")["jobs"][0]["start_date"] == "20240101"
    assert client.delete("/api/backtest/bt-1").status_code == 200
    assert get(client, "/api/backtest/bt-1", 404)["saw"] == "there is no bt-1"


@pytest.mark.parametrize(
    "wrong",
    [
        {"start_date": "20240230"},
        {"end_date": "20230101"},
        {"granularity": "1m"},
        {"min_weight": 0.0001},
        {"interpolation": "cubic"},
        {"interpolation": "linear"},
        {"granularity": "5m"},
        {"start_date": "20100101"},
    ],
)
def test_a_backtest_that_makes_no_sense_is_refused(client, wrong):
    asked = {"start_date": "20240101", "end_date": "20240630", **wrong}

    assert client.post("/api/backtest/start", json=asked).status_code == 422


def test_an_unknown_evaluator_is_not_found(client):
    asked = {"start_date": "20240101", "end_date": "20240630", "evaluator_type": "luck"}

    assert client.post("/api/backtest/start", json=asked).status_code == 404


def test_yesterdays_board_is_not_todays(services):
    """Before the open the last session is shown; after it nothing that is not of the day."""
    tuesday = NOW + dt.timedelta(days=8)  # 2024-10-08 10:00, the first session after the holidays
    early = client_of(services, now=lambda: tuesday - dt.timedelta(hours=1))
    late = client_of(services, now=lambda: tuesday)

    assert len(get(early, "/api/limit-up")) == 2 and get(late, "/api/limit-up") == []
    with transaction(services.ops) as connection:
        row = {"symbol": "600519.SH", "price": 8.0, "limit_up": 8.47, "name": "贵州茅台"}
        tracker.put_quotes(connection, tuesday, [row])
    assert get(late, "/api/stocks")[0]["is_limit_up"] is False


@pytest.mark.parametrize(("minute", "second", "is_running"), [(0, 0, True), (2, 59, True), (3, 1, False)], ids=str)
def test_a_monitor_that_is_wanted_but_does_not_scan_is_not_running(services, minute, second, is_running):
    """The last scan is of 10:00; three intervals are three minutes."""
    client = client_of(replace(services, now=lambda: NOW.replace(minute=minute, second=second)))

    assert get(client, "/api/status")["is_running"] is is_running


@pytest.mark.parametrize(("hour", "minute", "is_running"), [(3, 40, True), (5, 1, True), (5, 4, False)])
def test_the_lunch_break_makes_no_monitor_late(services, hour, minute, is_running):
    """Scanned at 11:29:30; nobody scans at noon; from 13:00 on three minutes are given."""
    with transaction(services.ops) as connection:
        row = {"at": NOW.replace(hour=3, minute=29, second=30), "asked_by": "sensor", "state": "failed", "detail": "x"}
        tracker.record_scan(connection, row | {"figures": {}})
    client = client_of(replace(services, now=lambda: NOW.replace(hour=hour, minute=minute)))

    assert get(client, "/api/status")["is_running"] is is_running


@pytest.mark.parametrize(("minute", "price"), [(4, 7.7), (6, None)])
def test_a_quote_older_than_300_s_is_unknown_in_a_session(services, minute, price):
    client = client_of(replace(services, now=lambda: NOW.replace(minute=minute)))

    (shown,) = [row for row in get(client, "/api/stocks") if row["code"] == "600519"]
    assert shown["price"] == price
