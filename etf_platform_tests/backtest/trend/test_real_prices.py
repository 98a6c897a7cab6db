"""Real QQQ and NDX: benchmarks against the file itself, and the file with doubled rows."""

import numpy as np
import pandas as pd
import pytest

from etf_platform.backtest.trend.run import run_trend
from etf_platform.core.errors import BadInputError


@pytest.fixture(scope="module")
def qqq(shared):
    bars = pd.read_csv(shared("data/us/QQQ_total_return_adjusted.csv"), parse_dates=["date"])
    return bars.assign(date=bars["date"].astype("datetime64[ns]"), symbol="QQQ.US", source="file")


def run(lab, bars, terms):
    columns = lab.averages_of(bars, (20, 50, 80, 200))
    settings = lab.averages.settings(fast=80, slow=200)
    return run_trend(bars, columns, lab.averages, settings, terms, pd.DatetimeIndex(bars["date"]), 600)


def test_buy_and_hold_is_the_file(lab, terms, qqq):
    account = run(lab, qqq, terms())

    last, first = qqq["close"].iloc[-1], qqq["open"].iloc[600]
    assert account.equity["buy_and_hold"].iloc[-1] == pytest.approx(last / first, rel=1e-12)
    assert account.start_effective == qqq["date"].iloc[600]
    assert len(account.equity) == len(qqq) - 599


def test_the_account_is_the_product_of_its_held_prices(lab, terms, qqq):
    """Each trade earns exit open / entry open, less two charges of 0.001."""
    account = run(lab, qqq, terms(commission=0.001))
    opens = qqq.set_index("date")["open"]
    closed = account.trades.dropna(subset="exit_date")

    gains = opens[closed["exit_date"]].to_numpy() / opens[closed["entry_date"]].to_numpy() * 0.999**2 - 1

    np.testing.assert_allclose(closed["net_return"], gains, rtol=1e-9)
    assert len(closed) > 5


def test_the_file_with_doubled_rows_is_refused(lab, terms, shared):
    raw = pd.read_csv(shared("data/us/NDX_index_raw_with_duplicates.csv")).rename(columns=str.lower)
    bars = raw.assign(date=pd.to_datetime(raw["date"]).astype("datetime64[ns]"), symbol="^NDX", source="file")

    with pytest.raises(BadInputError, match="5035 rows on a date that it has already"):
        run(lab, bars, terms())
