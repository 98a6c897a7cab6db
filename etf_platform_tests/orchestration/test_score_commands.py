"""The commands on scores: which report goes where, what is refused, and how they leave."""

import datetime as dt
import json

import pandas as pd
import pytest

from etf_platform.alerts.channel import Receipt
from etf_platform.core.errors import InsufficientDataError
from etf_platform.orchestration import scoring
from etf_platform.orchestration.alerting import mail
from etf_platform.reports.scoring import document as d
from etf_platform_tests.resources.command import invoke

DAY = dt.date(2025, 5, 30)
BANDS = (d.Band("看多", "✅", "✅ 看多 (可以适度配置)"),)


def asset(key: str, total: float | None = 65.0) -> d.AssetReport:
    name = {"HS300": "沪深300", "GOLD": "黄金"}.get(key, key)
    judged = {} if total is None else {"direction": "看多", "mark": "✅", "position": "60-70%", "status": "PASS"}
    return d.AssetReport(key, name, key, "core", "broad_index", total=total, reason="no bars", **judged)


@pytest.fixture
def asked(monkeypatch):
    """What the commands ask of the scores; nothing is run."""
    calls = {"keys": [], "ranges": [], "mails": []}

    def report_of(platform, day, keys):
        if day != DAY:
            raise InsufficientDataError(f"reading scores of {day}", "it has no rows", "run it")
        calls["keys"].append(tuple(keys))
        totals = {"BTC": None}
        assets = tuple(asset(key, totals.get(key, 65.0)) for key in keys)
        return d.MarketReport(DAY, dt.datetime(2025, 5, 30, 16, 45), BANDS, assets)

    monkeypatch.setattr(scoring, "report_of", report_of)
    monkeypatch.setattr(scoring, "last_scored", lambda platform: DAY)
    return calls


@pytest.fixture
def score(tmp_path):
    def run(*words):
        return invoke(["score", words[0], "--home", tmp_path / "home", *words[1:]])

    return run


@pytest.mark.parametrize(
    "words", [("--assets", "HS300", "GOLD"), ("--assets", "HS300", "--assets", "GOLD"), ("--assets", "HS300,GOLD")]
)
def test_assets_are_named_in_three_ways(asked, score, words):
    done = score("report", *words)

    assert done.exit_code == 0
    assert asked["keys"] == [("HS300", "GOLD")]
    assert done.stdout.startswith("# 📊 市场洞察报告") and "- 沪深300、黄金" in done.stdout


def test_without_keys_the_report_is_about_all_29(asked, score):
    done = score("report")

    assert done.exit_code == 0 and len(asked["keys"][0]) == 29
    assert "BLOCKED  BTC: no bars" in done.stderr


def test_an_unknown_key_is_an_error(asked, score):
    done = score("report", "--assets", "HS300", "HS30")

    assert done.exit_code == 1 and asked["keys"] == []
    assert done.stderr.startswith("Error: choosing assets: no asset HS30; use some of GOLD, BTC,")


def test_a_key_without_assets_is_a_usage_error(asked, score):
    assert score("report", "HS300").exit_code == 2
    assert score("report", "--assets", ",").exit_code == 2


def test_a_session_without_scores_is_blocked(asked, score):
    done = score("report", "--as-of", "2025-05-29")

    assert done.exit_code == 3 and done.stderr.startswith("BLOCKED: reading scores of 2025-05-29")


def test_nothing_scored_at_all_is_blocked(asked, score, monkeypatch):
    monkeypatch.setattr(scoring, "last_scored", lambda platform: None)

    assert score("report").exit_code == 3


def test_a_report_without_any_total_is_blocked_and_printed(asked, score):
    done = score("report", "--assets", "BTC")

    assert done.exit_code == 3 and "没有一个资产可以评分" in done.stdout


@pytest.mark.parametrize(
    ("form", "beginning"), [("text", "=" * 80), ("html", "<!DOCTYPE html>"), ("markdown", "# 📊"), ("json", "{")]
)
def test_a_report_is_saved_in_every_form(asked, score, tmp_path, form, beginning):
    path = tmp_path / "made" / "report"

    done = score("report", "--date", "2025-05-30", "--assets", "HS300", "--format", form, "--save", path)
    assert done.exit_code == 0 and done.stdout == ""
    assert path.read_text("utf-8").startswith(beginning)


def test_json_has_the_score_output_of_every_asset(asked, score):
    made = json.loads(score("report", "--assets", "HS300", "BTC", "--format", "json").stdout)

    first, second = made["assets"]
    assert (first["asset_key"], first["total_score"], first["direction"]) == ("HS300", 65.0, "看多")
    assert second["total_score"] is None and second["direction"] == "数据不足" and second["status"] == "BLOCKED"
    assert set(first) >= {"as_of", "data_date", "coverage", "factors", "risk", "strategies", "combos", "target_weight"}


def test_the_assets_are_listed_with_their_analyser(score):
    done = score("list", "--format", "csv")

    lines = done.stdout.split()
    assert lines[0] == "代码,名称,类别,分析器" and len(lines) == 30
    assert "HS300,沪深300,broad_index,comprehensive" in lines and "CN_LIQUOR,A股白酒,consumer,sector" in lines
    assert "总计: 29 个资产" in done.stderr
    assert "HS300" in score("run", "--list").stdout


def test_the_mail_carries_the_whole_report(asked, score, monkeypatch):
    sent = []

    class Channel:
        name = "email"

    class Line:
        name, channel = "email", Channel

        def deliver(self, message):
            sent.append(message)
            return Receipt(True)

    monkeypatch.setattr(mail, "lines_of", lambda platform: (Line(),))

    done = score("report", "--assets", "HS300", "--email")
    assert done.exit_code == 0 and "email: delivered" in done.stderr
    assert sent[0].markdown.startswith("# 📊") and "<h1>📊 市场洞察报告</h1>" in sent[0].html
    assert "<!DOCTYPE" not in sent[0].html and sent[0].subject == "市场洞察报告 2025-05-30: 1/1个资产"


def test_a_mail_that_fails_is_exit_2_and_without_a_channel_3(asked, score, monkeypatch):
    monkeypatch.setattr(mail, "send_report", lambda *_: [("email", Receipt(False, "SMTPServerDisconnected"))])
    assert score("report", "--assets", "HS300", "--email").exit_code == 2

    monkeypatch.setattr(mail, "send_report", lambda *_: [])
    assert score("report", "--assets", "HS300", "--email").exit_code == 3


def test_a_run_scores_all_and_says_where_the_report_stands(asked, score, monkeypatch):
    class Result:
        job, succeeded, seconds, run_id, problems = "scoring", True, 1.0, "0123456789", ()

    def score_range(platform, start, end, listener):
        asked["ranges"].append((start, end))
        return Result

    monkeypatch.setattr(scoring, "score_range", score_range)

    done = score("run", "--as-of", "2025-05-30", "--from", "2025-05-26")
    assert done.exit_code == 0 and done.stdout == ""
    assert asked["ranges"] == [(dt.date(2025, 5, 26), DAY)]
    assert "reports/daily/2025-05/市场洞察报告_20250530.md" in done.stderr

    one = score("run", "--as-of", "2025-05-30", "--assets", "HS300")
    assert one.exit_code == 0 and one.stdout.startswith("# 📊")

    Result.succeeded = False
    assert score("run", "--as-of", "2025-05-30").exit_code == 3


def test_evaluation_is_printed_and_drawn(asked, score, monkeypatch, tmp_path):
    row = {"date": pd.Timestamp(DAY), "subject": "factor", "name": "tech", "horizon": 20, "measure": "rank_ic"}
    rows = pd.DataFrame([row | {"bin": "", "value": 0.031, "low": -0.01, "high": 0.07, "n": 250, "source": "x"}])
    monkeypatch.setattr(scoring, "evaluation_of", lambda platform, day: rows)

    done = score("evaluate", "--format", "csv", "--save-plot", tmp_path / "r.png")
    assert done.exit_code == 0 and "factor,tech,20,rank_ic" in done.stdout
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
