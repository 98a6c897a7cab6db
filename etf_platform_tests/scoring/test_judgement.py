"""What a total means, and when there may be none."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etf_platform.core.states import State
from etf_platform.scoring.judgement import BANDS, DIRECTIONS, judge, verdict


@pytest.mark.parametrize(
    ("total", "direction", "position", "mark"),
    [
        (100.0, "强烈看多", "70-80%", "✅✅"),
        (75.0, "强烈看多", "70-80%", "✅✅"),
        (74.99, "看多", "60-70%", "✅"),
        (65.0, "看多", "60-70%", "✅"),
        (61.47, "看多", "60-70%", "✅"),
        (60.0, "看多", "60-70%", "✅"),
        (59.99, "中性偏多", "50-60%", "⚖️"),
        (50.0, "中性偏多", "50-60%", "⚖️"),
        (49.99, "中性", "40-50%", "⚖️"),
        (40.0, "中性", "40-50%", "⚖️"),
        (39.99, "看空", "20-30%", "🔴"),
        (0.0, "看空", "20-30%", "🔴"),
    ],
)
def test_bands_of_the_specification(total, direction, position, mark):
    band = judge(total)

    assert (band.direction, band.position, band.mark) == (direction, position, mark)


def test_headings_of_the_report():
    assert [band.heading for band in BANDS] == [
        "✅✅ 强烈看多 (建议积极配置)",
        "✅ 看多 (可以适度配置)",
        "⚖️ 中性偏多 (观望或少量配置)",
        "⚪ 中性 (观望为主)",
        "🔴 看空 (暂不建议参与)",
    ]


def test_the_published_totals_fall_into_the_published_bands(shared):
    """2025-11-21: 9 看多, 17 中性偏多, 3 中性."""
    assets = json.loads(shared("specs/assets29.json").read_text(encoding="utf-8"))["assets"]

    directions = [judge(asset["published_2025_11_21"]["total_score"]).direction for asset in assets]

    counts = {direction: directions.count(direction) for direction in DIRECTIONS}
    assert counts == {"强烈看多": 0, "看多": 9, "中性偏多": 17, "中性": 3, "看空": 0}


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_an_unknown_total_is_no_direction(unknown):
    band = judge(unknown)

    assert (band.direction, band.position, band.mark) == ("数据不足", "", "")


@given(st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_a_higher_total_is_never_judged_worse(a, b):
    low, high = sorted((a, b))

    assert DIRECTIONS.index(judge(high).direction) <= DIRECTIONS.index(judge(low).direction)


@pytest.mark.parametrize(
    ("applicable", "missing", "status"),
    [
        (6, 0, "PASS"),
        (6, 1, "WARN"),
        (6, 2, "WARN"),
        (6, 3, "BLOCKED"),
        (5, 1, "WARN"),
        (5, 2, "BLOCKED"),
        (4, 1, "WARN"),
        (4, 2, "BLOCKED"),
        (3, 1, "WARN"),
        (6, 6, "BLOCKED"),
        (0, 0, "BLOCKED"),
    ],
)
def test_two_thirds_of_the_applicable_factors_must_be_there(applicable, missing, status):
    names = {f"因子{i}": "没有数据" for i in range(missing)}

    found = verdict(55.0, applicable, names)

    assert found.status == State(status)
    assert found.total == (None if status == "BLOCKED" else 55.0)
    assert found.band.direction == ("数据不足" if status == "BLOCKED" else "中性偏多")


def test_what_is_missing_is_named():
    found = verdict(80.0, 6, {"估值面": "没有PE", "资金面": ""})

    assert found.reason == "估值面: 没有PE; 资金面"


def test_all_inputs_missing_is_blocked_without_score():
    found = verdict(None, 6, dict.fromkeys(("历史点位", "技术面", "估值面", "成交量", "资金面", "市场情绪"), "没有K线"))

    assert (found.status, found.total, found.band.position) == (State.BLOCKED, None, "")
    assert found.reason.startswith("有效因子0/6，不足67%")


def test_no_basis_is_blocked_although_every_factor_is_there():
    found = verdict(None, 6, {})

    assert (found.status, found.reason) == (State.BLOCKED, "没有可用的正交基")
