"""The universe US on the recorded files: which rows are refused, by which rule, and that nothing is lost unsaid."""

import pandas as pd
import pytest

from etf_platform.core.tables import BARS, QUARANTINE
from etf_platform.market.calendar import Sessions, sessions
from etf_platform.market.fetch import Feed, MarketData, fetch_bars, load_bars, together

FIRST, LAST = "1985-10-01", "2026-11-19"
FUNDS = ("QQQ.US", "SPY.US", "GLD.US")
SYMBOLS = {"us_total_return": FUNDS, "us_ndx": ("^NDX",), "us_vix": ("^VIX",)}


@pytest.fixture(scope="module")
def xnys() -> Sessions:
    return sessions("XNYS")


@pytest.fixture(scope="module")
def feed(shared, config, xnys):
    shared("data/us")
    root = shared("data")
    return lambda name: Feed(name, config.sources.sources[name], root, xnys, config.instruments.instruments)


@pytest.fixture(scope="module")
def loaded(feed) -> dict[str, MarketData]:
    return {name: load_bars(feed(name), symbols, FIRST, LAST) for name, symbols in SYMBOLS.items()}


def _refused(data: MarketData) -> dict[tuple[str, str], int]:
    return data.quarantine.groupby(["symbol", "rule"]).size().to_dict()


def test_the_calendar_knows_new_york_from_1985_and_its_special_closures(xnys):
    """1985-09-27 hurricane Gloria, 2001-09-11 to 14, 2004-06-11 Reagan, 2012-10-29 and 30 Sandy, 2025-01-09 Carter."""
    closed = ["1985-09-27", "2001-09-11", "2001-09-14", "2004-06-11", "2007-01-02", "2012-10-29", "2012-10-30",
              "2018-12-05", "2025-01-09"]  # fmt: skip

    assert xnys.index[0] <= pd.Timestamp("1985-10-01")
    assert not any(xnys.is_session(day) for day in closed)


def test_every_row_of_the_repeated_ndx_file_is_accounted_for(feed, loaded, shared):
    """14,843 rows: 9,807 bars, 5,034 identical repetitions, two contradicting rows of 2024-04-12."""
    data, rows = loaded["us_ndx"], fetch_bars(feed("us_ndx"), ("^NDX",), LAST)

    in_file = len(shared("data/us/NDX_index_raw_with_duplicates.csv").read_text().splitlines()) - 1
    assert len(rows) == in_file == 14_843
    assert (len(data.bars), data.n_identical, len(data.quarantine)) == (9_807, 5_034, 2)
    assert 9_807 + 5_034 + 2 == 14_843
    assert _refused(data) == {("^NDX", "duplicate"): 2}
    assert data.identical["date"].agg(["min", "max"]).tolist() == [
        pd.Timestamp("2004-04-13"),
        pd.Timestamp("2024-04-11"),
    ]
    assert set(data.identical["n_dropped"]) == {1}


def test_the_contradicted_day_is_a_gap_and_lends_no_close_to_the_next(loaded):
    bars = loaded["us_ndx"].bars.set_index("date")

    assert pd.Timestamp("2024-04-12") not in bars.index
    assert bars.loc["2024-04-15", "prev_close"] == bars.loc["2024-04-11", "close"]
    assert loaded["us_ndx"].quarantine["date"].unique().tolist() == [pd.Timestamp("2024-04-12")]
    assert loaded["us_ndx"].quarantine["reason"].iloc[0].startswith("this date and symbol stand more than once")


def test_the_funds_lose_only_the_unfinished_rows_of_the_last_day(loaded):
    """2026-03-02 was recorded during the session: the open of the day before lies outside the day's range."""
    data = loaded["us_total_return"]

    assert data.bars["symbol"].value_counts().to_dict() == {"QQQ.US": 6786, "SPY.US": 6578, "GLD.US": 5352}
    assert _refused(data) == {("GLD.US", "high_low_order"): 1, ("SPY.US", "high_low_order"): 1}
    assert data.quarantine["date"].unique().tolist() == [pd.Timestamp("2026-03-02")]
    assert data.n_identical == 0 and data.events.empty


def test_adjusted_prices_are_taken_as_they_are(loaded):
    """A close that sticks out of its range by one rounding of the adjustment is no defect: QQQ on 2005-03-24."""
    bars = loaded["us_total_return"].bars

    assert (bars["adj_factor"] == 1.0).all()
    assert bars["amount_estimated"].all()
    assert ((bars["symbol"] == "QQQ.US") & (bars["date"] == "2005-03-24")).any()


def test_the_vix_loses_rows_of_new_york_holidays_and_opens_outside_the_range(loaded):
    """33 rows of days on which shares did not trade; 47 of 1992 to 2006 whose open lies outside high and low."""
    data = loaded["us_vix"]

    assert (len(data.bars), _refused(data)) == (9_155, {("^VIX", "high_low_order"): 47, ("^VIX", "non_session"): 33})
    assert 9_155 + 47 + 33 == 9_235
    assert data.quarantine.loc[data.quarantine["rule"] == "high_low_order", "date"].max() == pd.Timestamp("2006-02-08")


def test_an_index_without_volume_is_accepted_with_its_real_jump(loaded):
    bars = loaded["us_vix"].bars.set_index("date")

    assert (bars["volume"] == 0.0).all()
    assert bars.loc["2018-02-05", "close"] / bars.loc["2018-02-05", "prev_close"] - 1 == pytest.approx(1.156, abs=1e-3)
    flat = (bars["open"] == bars["close"]) & (bars["high"] == bars["low"])
    assert flat[:"1991-12-31"].all()


@pytest.mark.parametrize(("name", "day"), [("us_ndx", "2024-04-11"), ("us_ndx", "2024-04-12"), ("us_vix", "1992-02-11"),
                                           ("us_total_return", "2005-03-24")])  # fmt: skip
def test_a_day_alone_is_the_day_of_the_range(feed, loaded, name, day):
    alone = load_bars(feed(name), SYMBOLS[name], day, day)

    for part in ("bars", "quarantine", "identical"):
        whole = getattr(loaded[name], part)
        pd.testing.assert_frame_equal(
            getattr(alone, part),
            whole[whole["date"] == day].reset_index(drop=True),
            check_exact=True,
            check_dtype=False,
        )


def test_several_sources_make_one_universe(loaded):
    both = together(list(loaded.values()))

    assert BARS.conform(both.bars).num_rows == 9_807 + 6_786 + 6_578 + 5_352 + 9_155
    assert QUARANTINE.conform(both.quarantine).num_rows == 2 + 2 + 80
    assert both.n_identical == 5_034
    assert both.bars.groupby("symbol")["source"].unique().map(list).to_dict() == {
        "GLD.US": ["local:us_total_return"], "QQQ.US": ["local:us_total_return"], "SPY.US": ["local:us_total_return"],
        "^NDX": ["local:us_ndx"], "^VIX": ["local:us_vix"]}  # fmt: skip
