"""The words of the evaluators: the values of the specification and each threshold from both sides."""

from dataclasses import replace

import pytest

from etf_platform.arbitrage import words
from etf_platform.arbitrage.choose import every_evaluator
from etf_platform.core.config.arbitrage import SignalEvaluation
from etf_platform.core.units.arbitrage import Candidate

SETTINGS = SignalEvaluation()
EVALUATORS = {unit.name: unit for unit in every_evaluator()}
PLAIN = Candidate("600519.SH", "510300.SH", 0.06, 5, 0.5, 3000, 13)


def said(name, settings=SETTINGS, **changes):
    spoken = EVALUATORS[name].evaluate(replace(PLAIN, **changes), settings)
    return spoken.confidence, spoken.risk


@pytest.mark.parametrize(
    ("weight", "rank", "seconds", "ratio", "hour", "expected"),
    [
        (0.12, 2, 7200, 0.5, 13, ("高", "低")),
        (0.04, 12, 500, 0.75, 14, ("低", "高")),
        (0.04, 12, 500, 0.75, 9, ("低", "中")),
        (0.06, None, 2000, 0.75, 14, ("中", "高")),
        (0.06, -1, 2000, 0.75, 14, ("中", "高")),
    ],
)
def test_the_default_says_what_the_specification_lists(weight, rank, seconds, ratio, hour, expected):
    changes = {"weight": weight, "rank": rank, "seconds_to_close": seconds, "top10_ratio": ratio, "hour": hour}

    assert said("default", **changes) == expected


@pytest.mark.parametrize(
    ("name", "weight", "confidence"),
    [
        ("default", 0.10, "高"),
        ("default", 0.0999, "中"),
        ("default", 0.05, "中"),
        ("default", 0.0499, "低"),
        ("conservative", 0.15, "高"),
        ("conservative", 0.1499, "中"),
        ("conservative", 0.08, "中"),
        ("conservative", 0.0799, "低"),
        ("aggressive", 0.08, "高"),
        ("aggressive", 0.0799, "中"),
        ("aggressive", 0.03, "中"),
        ("aggressive", 0.0299, "低"),
    ],
)
def test_a_weight_alone_has_its_word(name, weight, confidence):
    assert said(name, weight=weight, rank=None)[0] == confidence


@pytest.mark.parametrize(
    ("name", "weight", "rank", "confidence"),
    [
        ("default", 0.01, 3, "高"),
        ("default", 0.01, 4, "低"),
        ("default", 0.2, 10, "高"),
        ("default", 0.2, 11, "低"),
        ("conservative", 0.2, 5, "高"),
        ("conservative", 0.2, 6, "低"),
        ("conservative", 0.01, 1, "低"),
        ("aggressive", 0.01, 20, "中"),
        ("aggressive", 0.01, 21, "低"),
        ("aggressive", 0.2, 20, "高"),
        ("aggressive", 0.2, 21, "高"),
    ],
)
def test_a_rank_overrules_the_weight_as_the_table_says(name, weight, rank, confidence):
    assert said(name, weight=weight, rank=rank)[0] == confidence


@pytest.mark.parametrize("name", ["default", "conservative", "aggressive", "intent"])
@pytest.mark.parametrize("weight", [0.01, 0.04, 0.06, 0.09, 0.2])
def test_the_original_rank_of_minus_one_and_zero_are_unknown(name, weight):
    unknown = said(name, weight=weight, rank=None)

    assert said(name, weight=weight, rank=-1) == unknown
    assert said(name, weight=weight, rank=0) == unknown


@pytest.mark.parametrize(
    ("name", "seconds", "risk"),
    [
        ("default", 599, "高"),
        ("default", 600, "中"),
        ("default", 3600, "中"),
        ("default", 3601, "低"),
        ("conservative", 1799, "高"),
        ("conservative", 1800, "中"),
        ("conservative", 7200, "中"),
        ("conservative", 7201, "低"),
        ("aggressive", 299, "高"),
        ("aggressive", 300, "中"),
        ("aggressive", 1800, "中"),
        ("aggressive", 1801, "低"),
    ],
)
def test_time_to_the_close_has_its_word(name, seconds, risk):
    assert said(name, seconds_to_close=seconds)[1] == risk


@pytest.mark.parametrize("name", ["default", "conservative", "aggressive", "intent"])
def test_the_original_minus_one_for_closed_is_not_a_short_time(name):
    assert said(name, seconds_to_close=-1)[1] == "中"


@pytest.mark.parametrize(
    ("name", "seconds", "ratio", "risk"),
    [
        ("default", 7200, 0.7001, "中"),
        ("default", 2000, 0.7001, "高"),
        ("default", 7200, 0.70, "低"),
        ("default", 100, 0.9, "高"),
        ("default", 7200, None, "低"),
        ("conservative", 9000, 0.6001, "高"),
        ("conservative", 9000, 0.60, "低"),
        ("conservative", 9000, None, "低"),
        ("aggressive", 7200, 0.8001, "中"),
        ("aggressive", 7200, 0.80, "低"),
        ("aggressive", 1000, 0.8001, "高"),
    ],
)
def test_a_concentrated_fund_is_riskier(name, seconds, ratio, risk):
    assert said(name, seconds_to_close=seconds, top10_ratio=ratio)[1] == risk


@pytest.mark.parametrize("name", ["default", "conservative", "aggressive", "intent"])
def test_before_the_morning_hour_high_risk_is_middle_and_the_rest_stays(name):
    assert said(name, seconds_to_close=10, hour=9)[1] == "中"
    assert said(name, seconds_to_close=10, hour=10)[1] == "高"
    assert said(name, seconds_to_close=14_000, hour=9)[1] == "低"


def test_the_default_takes_every_threshold_from_the_settings():
    own = SignalEvaluation(
        confidence_high_weight=0.5, confidence_low_weight=0.4, confidence_high_rank=1, confidence_low_rank=2,
        risk_high_time_seconds=10, risk_low_time_seconds=20, risk_top10_ratio_high=0.9, risk_morning_hour=14,
    )  # fmt: skip

    assert said("default", own, weight=0.45, rank=None, seconds_to_close=15) == ("中", "中")
    assert said("default", own, weight=0.45, rank=3, seconds_to_close=21, top10_ratio=0.89) == ("低", "低")
    assert said("default", own, weight=0.01, rank=1, seconds_to_close=9) == ("高", "中")
    assert said("default", own, weight=0.5, rank=None, seconds_to_close=9, hour=14) == ("高", "高")


@pytest.mark.parametrize(
    ("changes", "confidence"),
    [
        ({}, "高"),
        ({"weight": 0.0799}, "中"),
        ({"weight": 0.0499}, "低"),
        ({"projected_amount": 1e8}, "中"),
        ({"projected_amount": 4.9e7}, "低"),
        ({"projected_amount": None}, "中"),
        ({"projected_amount": None, "amount": 1.1e8}, "高"),
        ({"seconds_to_close": 3600}, "中"),
        ({"seconds_to_close": 1799}, "低"),
        ({"premium": 0.01}, "中"),
        ({"premium": 0.0201}, "低"),
        ({"premium": None}, "中"),
        ({"premium": -0.05}, "高"),
    ],
)
def test_the_intent_profile_needs_everything_for_high_and_one_bad_thing_for_low(changes, confidence):
    good = {"weight": 0.08, "projected_amount": 1.01e8, "seconds_to_close": 3601, "premium": 0.0099}

    assert said("intent", **(good | changes))[0] == confidence


def test_words_carry_what_made_them_with_fractions_printed_as_percent():
    why = EVALUATORS["default"].evaluate(replace(PLAIN, weight=0.10, rank=2, top10_ratio=0.75), SETTINGS).why

    assert why[0] == "权重 10.00%：置信度高"
    assert "第 2 大持仓：置信度高" in why
    assert any("75.00% > 70.00%" in text for text in why)


@pytest.mark.parametrize(("total", "word"), [(70.0, "高"), (69.99, "中"), (45.0, "中"), (44.99, "低"), (None, None)])
def test_a_score_has_a_word(total, word):
    assert words.of_score(total) == word


@pytest.mark.parametrize(
    ("confidence", "risk", "buy"),
    [("高", "低", True), ("中", "中", True), ("低", "低", False), ("高", "高", False), ("低", "高", False)],
)
def test_the_decision_by_words(confidence, risk, buy):
    assert words.says_buy(confidence, risk) is buy
