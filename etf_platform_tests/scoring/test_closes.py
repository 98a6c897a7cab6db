"""Closes as they could be known on each session of Shanghai."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.workspace import packaged_config
from etf_platform.scoring.closes import adjusted_closes, known_closes

DAYS = pd.bdate_range("2024-03-01", "2024-03-29")
SETTINGS = load_config(packaged_config()).scoring
CALENDARS = {asset.calendar: DAYS for asset in SETTINGS.assets.values()} | {"24/7": pd.date_range(DAYS[0], DAYS[-1])}


def bars(symbol: str, dates: pd.DatetimeIndex, close: np.ndarray, factor: float | np.ndarray = 1.0) -> pd.DataFrame:
    same = dict.fromkeys(("open", "high", "low", "close"), close)
    return pd.DataFrame({"date": dates, "symbol": symbol, **same, "volume": 1e6, "amount": 1e7, "adj_factor": factor})


@pytest.fixture
def known() -> pd.DataFrame:
    rising = np.arange(1.0, len(DAYS) + 1.0)
    frames = [
        bars("000300.SH", DAYS, rising),
        bars("^IXIC", DAYS, rising),
        bars("512690.SH", DAYS, np.full(len(DAYS), 2.0), np.where(np.arange(len(DAYS)) < 10, 1.0, 1.1)),
        bars("512880.SH", DAYS[:8], rising[:8]),
    ]
    return known_closes(adjusted_closes(pd.concat(frames), SETTINGS), SETTINGS, CALENDARS, DAYS)


def test_shanghai_sees_its_own_day_and_new_york_the_day_before(known):
    assert known["HS300"].tolist() == [*range(1, len(DAYS) + 1)]
    assert np.isnan(known["NASDAQ"].iloc[0])
    assert known["NASDAQ"].tolist()[1:] == [*range(1, len(DAYS))]


def test_a_dividend_is_part_of_the_return(known):
    assert known["CN_LIQUOR"].iloc[10] / known["CN_LIQUOR"].iloc[9] == pytest.approx(1.1)


def test_an_asset_that_stopped_trading_did_not_stay_where_it_was(known):
    """The last close holds for five sessions, then nothing is known."""
    assert known["CN_SECURITIES"].iloc[7:13].tolist() == [8.0] * 6
    assert known["CN_SECURITIES"].iloc[13:].isna().all()


def test_every_asset_has_a_column_also_without_bars(known):
    assert set(known.columns) == set(SETTINGS.assets)
    assert known["BTC"].isna().all()


def test_later_bars_change_no_earlier_row(known):
    rising = np.arange(1.0, len(DAYS) + 1.0)

    closes = adjusted_closes(bars("000300.SH", DAYS[:10], rising[:10]), SETTINGS)
    early = known_closes(closes, SETTINGS, CALENDARS, DAYS[:10])

    assert early["HS300"].tolist() == known["HS300"].iloc[:10].tolist()
