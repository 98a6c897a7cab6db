"""What is known of holdings on a day: only what had been published, only the fund's own rows."""

import datetime as dt

import pandas as pd
import pytest

from etf_platform.arbitrage.holdings import exposure, known_on, quality, stock_map, top10_ratio
from etf_platform.core.config.arbitrage import Economics

NAMES = ["as_of", "published_at", "symbol", "stock", "rank", "weight", "from_issuer", "completeness"]


def holdings(*rows):
    frame = pd.DataFrame(rows, columns=NAMES)
    return frame.assign(as_of=pd.to_datetime(frame["as_of"]), published_at=pd.to_datetime(frame["published_at"]))


OLD = ("2025-12-31", "2026-01-22", "510300.SH")
NEW = ("2026-03-31", "2026-04-22", "510300.SH")
TABLE = holdings(
    (*OLD, "600519.SH", 1, 0.060, False, "top10"),
    (*OLD, "601318.SH", 2, 0.040, False, "top10"),
    (*NEW, "600519.SH", 2, 0.045, False, "top10"),
    (*NEW, "300750.SZ", 1, 0.055, False, "top10"),
    (*NEW, "600036.SH", 3, 0.300, True, "top10"),
    (*NEW, "600030.SH", 4, float("nan"), False, "top10"),
    ("2026-03-31", "2026-04-20", "510050.SH", "600519.SH", 1, 0.110, False, "full"),
)


def weights(known, etf="510300.SH"):
    rows = known[known["symbol"] == etf]
    return dict(zip(rows["stock"], rows["weight"], strict=True))


def test_a_day_sees_only_what_had_been_published_by_then():
    assert known_on(TABLE, "2026-01-21").empty
    assert weights(known_on(TABLE, "2026-01-22")) == {"600519.SH": 0.060, "601318.SH": 0.040}
    assert weights(known_on(TABLE, dt.date(2026, 4, 21))) == {"600519.SH": 0.060, "601318.SH": 0.040}
    assert weights(known_on(TABLE, "2026-04-22")) == {"300750.SZ": 0.055, "600519.SH": 0.045}


def test_rows_of_the_issuers_shareholder_list_and_rows_without_a_weight_are_no_holdings():
    known = known_on(TABLE, "2026-06-01")

    assert "600036.SH" not in weights(known)
    assert "600030.SH" not in weights(known)


def test_a_later_full_list_of_the_same_period_completes_the_ten_largest():
    later = holdings(("2026-03-31", "2026-06-30", "510300.SH", "601398.SH", 11, 0.010, False, "full"))
    both = pd.concat([TABLE, later])

    before, after = known_on(both, "2026-06-29"), known_on(both, "2026-06-30")

    assert set(before.loc[before["symbol"] == "510300.SH", "completeness"]) == {"top10"}
    assert set(after.loc[after["symbol"] == "510300.SH", "completeness"]) == {"full"}
    assert weights(after) == {"300750.SZ": 0.055, "600519.SH": 0.045, "601398.SH": 0.010}


@pytest.mark.parametrize(
    ("listed", "counts"),
    [("2026-02-14", "full"), ("2026-02-13", "top10"), ("2025-12-31", "top10"), ("2026-03-30", "full")],
)
def test_a_complete_list_goes_before_ten_names_of_a_period_that_ended_up_to_45_days_later(listed, counts):
    weights_file = [(listed, "2026-04-01", "510300.SH", f"60100{i}.SH", i, 0.01, False, "full") for i in range(9)]
    known = known_on(pd.concat([TABLE, holdings(*weights_file)]), "2026-06-01")
    rows = known[known["symbol"] == "510300.SH"]

    assert set(rows["completeness"]) == {counts}
    assert set(rows["as_of"].dt.strftime("%Y-%m-%d")) == {listed if counts == "full" else "2026-03-31"}


def test_a_complete_list_does_not_count_before_it_is_published():
    late = holdings(("2026-03-30", "2026-07-01", "510300.SH", "601398.SH", 1, 0.01, False, "full"))

    assert "601398.SH" not in weights(known_on(pd.concat([TABLE, late]), "2026-06-30"))
    assert "601398.SH" in weights(known_on(pd.concat([TABLE, late]), "2026-07-01"))


def test_the_map_gives_the_funds_of_a_stock_largest_weight_first():
    found = stock_map(known_on(TABLE, "2026-06-01"))

    assert list(found["600519.SH"]["symbol"]) == ["510050.SH", "510300.SH"]
    assert "601318.SH" not in found


def test_the_ratio_of_the_ten_largest_leaves_the_eleventh_out():
    rows = [("2026-03-31", "2026-04-20", "510050.SH", f"60000{i:02d}.SH", i, 0.02, False, "full") for i in range(1, 13)]

    assert top10_ratio(known_on(holdings(*rows), "2026-06-01"))["510050.SH"] == pytest.approx(0.20)


def states(**sealed):
    return pd.DataFrame(
        {
            "symbol": [f"{name[1:]}.{'SZ' if name[1] == '3' else 'SH'}" for name in sealed],
            "sealed": pd.array(list(sealed.values()), dtype="boolean"),
            "at_limit": True,
            "boards_in_row": range(1, len(sealed) + 1),
        }
    )


def test_exposure_adds_all_sealed_holdings_of_a_fund():
    found = exposure(states(s600519=True, s300750=True, s601318=True), known_on(TABLE, "2026-06-01"))

    assert list(found["etf"]) == ["510050.SH", "510300.SH"]
    assert list(found["sum_weight"]) == pytest.approx([0.11, 0.10])
    assert list(found["stocks_at_limit"]) == [1, 2]
    assert list(found["stock"]) == ["600519.SH", "300750.SZ"]
    assert list(found["boards_in_row"]) == [1, 2]


def test_an_unknown_seal_does_not_count_but_the_limit_may_be_asked_for_instead():
    known, unsure = known_on(TABLE, "2026-06-01"), states(s600519=None, s300750=False)

    assert exposure(unsure, known).empty
    assert list(exposure(unsure, known, "at_limit")["stocks_at_limit"]) == [1, 2]


@pytest.mark.parametrize(
    ("day", "full", "top10"),
    [
        ("2026-05-15", 1.0, 0.7),
        ("2026-07-22", 1.0 * 67 / 135, 0.7 * 67 / 135),
        ("2026-09-27", 0.0, 0.0),
        ("2027-01-01", 0.0, 0.0),
    ],
)
def test_trust_starts_at_one_or_seven_tenths_and_falls_to_nothing_between_45_and_180_days(day, full, top10):
    found = quality(known_on(TABLE, "2026-06-01"), day, Economics())

    assert found["510050.SH"] == pytest.approx(full)
    assert found["510300.SH"] == pytest.approx(top10)


def test_empty_holdings_stay_empty():
    known = known_on(TABLE.iloc[:0], "2026-06-01")

    assert known.empty
    assert stock_map(known) == {}
    assert exposure(states(s600519=True), known).empty
    assert quality(known, "2026-06-01", Economics()).empty
