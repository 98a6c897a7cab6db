"""A session from views to rows: what is not applicable, what is missing, and who is held."""

from datetime import date

import pytest

from etf_platform.core.config import load_config
from etf_platform.core.units.scoring import Scored, ScoreFactor
from etf_platform.core.workspace import packaged_config
from etf_platform.scoring.blocks import Technical
from etf_platform.scoring.day import score_day
from etf_platform.scoring.market_state import IndexRow, market_state
from etf_platform.scoring.synthesis import Sample
from etf_platform.scoring.views import AssetView

DAY = date(2024, 3, 1)
SHIPPED = load_config(packaged_config()).scoring
MEANS = SHIPPED.model_copy(update={"synthesis": SHIPPED.synthesis.model_copy(update={"rule": "equal_weight"})})
NAMES = ("hist", "tech", "valuation", "volume", "capital", "sentiment")
RISING = market_state([IndexRow(key, 0.006, 0.20, 100.0) for key in ("a", "b", "c")])
CALM = Technical(close=1.0, rsi=50.0, macd=1.0, macd_signal=0.0, volatility_20=0.1, volatility_60=0.2, dist20=0.0)


def view(key, **known):
    return AssetView(key, SHIPPED.assets[key], DAY, data_date=DAY, technical=CALM, source="test", **known)


def units(scores):
    """Factors that say what a table says: {asset: (six scores)}, None is unavailable."""

    def unit(place, name):
        def score(one):
            points = scores[one.key][place]
            return Scored(points, "said" if points is not None else "不可用", "" if points is not None else "gone")

        return ScoreFactor(name, name, "", score)

    return [unit(place, name) for place, name in enumerate(NAMES)]


def made(scores, settings=MEANS, views=None, market=RISING):
    return score_day(DAY, views or [view(key) for key in scores], Sample(), market, units(scores), settings)


def test_the_mean_of_the_published_example_is_65_and_a_buy():
    (row,) = made({"HS300": (80, 60, 100, 50, 50, 50)}).score_rows()

    assert (row["total_score"], row["raw_total"], row["direction"]) == (65.0, 65.0, "看多")
    assert (row["status"], row["available"], row["applicable"]) == ("PASS", 6, 6)


def test_what_cannot_exist_for_gold_has_no_score_and_costs_no_coverage():
    """Valuation and capital: whatever a factor would say of them."""
    day = made({"GOLD": (80, 60, 100, 50, 100, 50)})
    rows = {row["factor"]: row for row in day.factor_rows()}
    (row,) = day.score_rows()

    assert (row["total_score"], row["available"], row["applicable"], row["status"]) == (60.0, 4, 4, "PASS")
    assert [rows["capital"][name] for name in ("applicable", "available", "score", "weight", "reason")] == [
        False,
        False,
        None,
        None,
        "不适用",
    ]
    assert rows["hist"]["weight"] == 0.25


def test_a_missing_factor_leaves_its_weight_to_the_others_and_is_a_warning():
    day = made({"HS300": (80, 60, None, 50, 50, 50)})
    rows = {row["factor"]: row for row in day.factor_rows()}
    (row,) = day.score_rows()

    assert (row["total_score"], row["status"], row["reason"]) == (58.0, "WARN", "valuation: gone")
    assert (rows["valuation"]["weight"], rows["valuation"]["detail"], rows["hist"]["weight"]) == (None, "不可用", 0.2)


def test_too_few_factors_are_blocked_without_total_weight_or_position():
    """Three of six; the raw mean is stored all the same."""
    day = made({"HS300": (90, 90, 90, None, None, None)})
    (row,) = day.score_rows()

    assert (row["status"], row["direction"], row["total_score"], row["raw_total"]) == (
        "BLOCKED",
        "数据不足",
        None,
        90.0,
    )
    assert (row["recommended_position"], row["target_weight"]) == ("", 0.0)
    assert {factor["weight"] for factor in day.factor_rows()} == {None}


def test_without_bars_there_is_no_total_whatever_else_is_known():
    stale = view("HS300", reasons={"bars": "行情止于2024-01-02，已过30个交易日"})
    (row,) = made({"HS300": (80, 60, 100, 50, 50, 50)}, views=[stale]).score_rows()

    assert (row["status"], row["total_score"], row["reason"]) == (
        "BLOCKED",
        None,
        "行情止于2024-01-02，已过30个交易日",
    )


def test_the_originals_fifty_is_no_score_of_an_asset_without_bars():
    original = SHIPPED.model_copy(update={"original_compatible": True})
    gone = AssetView("BTC", SHIPPED.assets["BTC"], DAY, reasons={"bars": "没有收录BTC-USD的行情"})
    day = made({"GOLD": (93.8, 75, 50, 50, 50, 50), "BTC": (50,) * 6}, original, [view("GOLD"), gone])
    gold, coin = day.score_rows()

    assert gold["total_score"] == pytest.approx(61.4667, abs=1e-4) and gold["method"] == "equal_weight"
    assert gold["applicable"] == 6
    assert (coin["status"], coin["raw_total"], coin["available"]) == ("BLOCKED", None, 0)


def test_orthogonal_totals_do_not_depend_on_the_order_of_the_assets():
    keys = [key for key, asset in SHIPPED.assets.items() if asset.underlying_market == "CN"][:9]
    scores = {key: tuple(float((7 * i + 11 * j * (i + 1)) % 83) for j in range(6)) for i, key in enumerate(keys)}
    forth, back = made(scores, SHIPPED), made(dict(reversed(scores.items())), SHIPPED)
    totals = {row["asset"]: row["total_score"] for row in forth.score_rows()}

    assert totals == {row["asset"]: row["total_score"] for row in back.score_rows()}
    assert len(set(totals.values())) == 9 and forth.synthesis.basis == "cross_section"


def test_only_good_totals_are_held_and_nothing_when_the_market_is_unknown():
    """No more than a fifth each."""
    scores = {"HS300": (80,) * 6, "CYBZ": (70,) * 6, "CN_BANK": (59,) * 6}

    assert [row["target_weight"] for row in made(scores).score_rows()] == pytest.approx([0.2, 0.2, 0.0])
    assert [row["target_weight"] for row in made(scores, market=None).score_rows()] == [0.0, 0.0, 0.0]
