"""Judging the rows that are due gives what judging the whole history gives."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config.models import SampleSource
from etf_platform.market import fetch
from etf_platform.market.due import due_rows, tail_start
from etf_platform.market.sources.sample import simulate
from etf_platform.market.validate import EXCHANGE, FORWARD_SUBTRACTED, UNADJUSTED, validate

SYMBOLS = ("510300.SH", "510500.SH", "513100.SH", "518880.SH", "511010.SH", "159915.SZ")
DAYS = ("2021-12-31", "2021-12-30", "2021-11-01", "2021-06-30", "2020-02-03", "2019-01-02")
SOURCE = SampleSource(kind="sample", start="2019-01-02")


@pytest.fixture(scope="module")
def rows(config, xshg):
    return simulate(SOURCE, "sample", SYMBOLS, config.instruments.instruments, xshg, "2021-12-31")


def spoilt(rows, seed):
    """Rows with everything that a rule refuses, now and then, and a fund that is away for months."""
    rng = np.random.default_rng(seed)
    bad = rows.copy()
    at = lambda n: rng.choice(len(bad), n, replace=False)  # noqa: E731
    bad.loc[at(6), "close"] *= -1.0
    bad.loc[at(6), "close"] *= 1.6
    bad.loc[at(4), "high"] *= 0.5
    bad.loc[at(4), "amount"] *= 1e4
    bad.loc[at(4), "volume"] = 0.0
    bad.loc[at(4), "prev_close"] = np.nan
    bad.loc[at(4), "open"] = np.nan
    bad.loc[at(3), "date"] += pd.Timedelta(days=400)
    again = bad.iloc[at(8)].copy()
    again.iloc[:4, again.columns.get_loc("close")] *= 1.01
    weekend = bad[bad["date"].dt.day_of_week == 4].sample(3, random_state=seed).copy()
    weekend["date"] += pd.Timedelta(days=1)
    away = (bad["symbol"] == SYMBOLS[1]) & bad["date"].between("2021-09-01", "2021-12-29")
    jump = (bad["symbol"] == SYMBOLS[2]) & (bad["date"] >= DAYS[1])
    for name in ("open", "high", "low", "close"):
        bad.loc[jump, name] *= 0.5
    return pd.concat([bad[~away], again, weekend], ignore_index=True)


def everything(feed, rows, start, end, tolerance):
    """The slow way: all rows are judged, then cut."""
    verdict = validate(rows, feed.sessions, feed.instruments, tolerance=tolerance, today=end)
    events = fetch._events(feed, verdict.bars)
    return fetch.MarketData(verdict.bars, verdict.quarantine, events, verdict.identical).between(start, end)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tolerance", [EXCHANGE, UNADJUSTED, FORWARD_SUBTRACTED], ids=["exchange", "raw", "forward"])
def test_a_day_is_judged_as_in_its_whole_history(config, xshg, rows, monkeypatch, seed, tolerance):
    """Bars, quarantine, events and repetitions; three broken rows end a series, whenever they stood."""
    bad = spoilt(rows, seed)
    feed = fetch.Feed("sample", SOURCE, None, xshg, config.instruments.instruments, max_broken_rows=3)
    monkeypatch.setattr(fetch, "fetch", lambda *_: fetch.Fetched(bad))
    monkeypatch.setattr(fetch, "tolerance_of", lambda _: tolerance)

    for start in DAYS:
        got = fetch.load_bars(feed, SYMBOLS, start, "2021-12-31")
        expected = everything(feed, bad, start, "2021-12-31", replace(tolerance, max_broken_rows=3))
        for name in ("bars", "quarantine", "events", "identical"):
            pd.testing.assert_frame_equal(getattr(got, name), getattr(expected, name), check_exact=True)


def test_few_rows_of_a_quiet_history_are_due(config, xshg, rows):
    """Otherwise nothing would be saved."""
    since = tail_start("2021-12-31", xshg)

    due = due_rows(rows, since, config.instruments.instruments, EXCHANGE)

    assert (rows["date"] >= since).sum() <= len(due) < 0.2 * len(rows)


def test_rows_with_a_text_in_a_price_are_all_due(config, xshg, rows):
    texts = rows.assign(close=rows["close"].astype(object))
    texts.loc[5, "close"] = "n/a"

    due = due_rows(texts, tail_start("2021-12-31", xshg), config.instruments.instruments, EXCHANGE)

    assert len(due) == len(rows)
