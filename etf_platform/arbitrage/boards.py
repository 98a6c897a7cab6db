"""Counts over limit-up states: per day and board, per year, and the ladder of one day.

What a state is stands in `arbitrage.states`; what boards earn, in `arbitrage.expectation`.
"""

import numpy as np
import pandas as pd

from etf_platform.core.tables.arbitrage import BOARD_COUNTS

ALL = "all"
USUAL_RATES = (0.10, 0.20)


def board_counts(states: pd.DataFrame) -> pd.DataFrame:
    """Limit-ups of each day, by board and for all boards.

    Parameters
    ----------
    states : DataFrame
        LIMIT_STATES rows of whole days. Null flags count in no column but `unknown`.

    Returns
    -------
    DataFrame
        BOARD_COUNTS, sorted by date and board; one row per day and board that has stocks.
    """
    cells = pd.concat([states["date"], states["board"]], axis=1)
    parts = {name: _yes(states, name) for name in ("at_limit", "opened", "one_word")}
    parts["unknown"] = (states["basis"] == "unknown").to_numpy(dtype=bool)
    parts["no_limit"] = (states["basis"] == "no_limit").to_numpy(dtype=bool)
    day, days = pd.factorize(cells["date"], sort=True)
    board, boards = pd.factorize(cells["board"], sort=True)
    boards = boards.astype(object).insert(len(boards), ALL)
    stocks = _cells(day, board, len(days), len(boards))
    counted = {name: _cells(day[is_so], board[is_so], len(days), len(boards)) for name, is_so in parts.items()}
    at_day, at_board = np.nonzero(stocks)
    frame = pd.DataFrame({"date": days[at_day], "board": boards[at_board], "stocks": stocks[at_day, at_board]})
    for name, values in counted.items():
        frame[name] = values[at_day, at_board]
    frame["longest_row"] = _longest(states, day, board, stocks.shape)[at_day, at_board]
    tried = (frame["at_limit"] + frame["opened"]).to_numpy()
    frame["seal_rate"] = np.where(tried > 0, frame["at_limit"] / np.maximum(tried, 1), np.nan)
    frame["source"] = _sources(states["source"], day, len(days))[at_day]
    frame["board"] = frame["board"].astype("str")
    ordered = frame.sort_values(["date", "board"], kind="stable", ignore_index=True)
    return ordered[[c.name for c in BOARD_COUNTS.columns]]


def ladder(states_of_a_day: pd.DataFrame) -> dict[int, list[str]]:
    """Stocks at their limit by boards in a row, the most boards first; symbols ascending."""
    at = states_of_a_day[_yes(states_of_a_day, "at_limit")].sort_values("symbol")
    rungs = at.groupby("boards_in_row")["symbol"].agg(list)
    return {int(boards): rungs[boards] for boards in sorted(rungs.index, reverse=True)}


def yearly_counts(states: pd.DataFrame) -> pd.DataFrame:
    """Closes at the limit per year on the 10 % and 20 % boards, without stocks known to be under special treatment.

    Days without a limit, first days with 44 % and 30 % boards do not count. Special treatment that is not known does
    not exclude a row; a main-board stock with a 5 % limit is not at 10 % anyway.

    Returns
    -------
    DataFrame, index year
        `closes` (at the limit), `opened` (touched and closed below), `stock_days` (rows with such a limit), `most`
        (closes of the busiest day), `most_on` (that day).
    """
    counts = states["rate"].isin(USUAL_RATES).to_numpy() & ~_yes(states, "is_st")
    rows = pd.DataFrame({"date": states["date"].to_numpy()[counts]})
    rows["closes"], rows["opened"] = (_yes(states, name)[counts].astype(np.int64) for name in ("at_limit", "opened"))
    daily = rows.groupby("date").agg(closes=("closes", "sum"), opened=("opened", "sum"), stock_days=("closes", "size"))
    years = daily.groupby(pd.DatetimeIndex(daily.index).year.rename("year"))
    return years.sum().assign(most=years["closes"].max(), most_on=years["closes"].idxmax())


def _yes(states: pd.DataFrame, name: str) -> np.ndarray:
    return np.asarray(states[name].array.to_numpy(dtype=bool, na_value=False), dtype=bool)


def _cells(day: np.ndarray, board: np.ndarray, n_days: int, n_boards: int) -> np.ndarray:
    """Rows by day and board; the last column is all of them."""
    table = np.bincount(day * n_boards + board, minlength=n_days * n_boards).reshape(n_days, n_boards)
    table[:, -1] = table[:, :-1].sum(axis=1)
    return table


def _longest(states: pd.DataFrame, day: np.ndarray, board: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    longest = np.zeros(shape, dtype=np.int64)
    in_row = states["boards_in_row"].to_numpy(dtype=np.int64)
    some = np.flatnonzero(in_row)
    np.maximum.at(longest, (day[some], board[some]), in_row[some])
    longest[:, -1] = longest.max(axis=1, initial=0)
    return longest


def _sources(source: pd.Series, day: np.ndarray, n_days: int) -> np.ndarray:
    """Sources of each day's rows, joined."""
    number, names = pd.factorize(source, sort=True)
    seen = np.bincount(day * len(names) + number, minlength=n_days * len(names)).reshape(n_days, len(names)) > 0
    return np.array(["; ".join(map(str, names[row])) for row in seen], dtype=object)
