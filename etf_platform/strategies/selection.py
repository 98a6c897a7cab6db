"""Scores to ranks, ranks to weights, with or without patience about swaps.

Not here: scores and eligibility; orders and fills (`backtest`).
"""

import numpy as np

from etf_platform.core.config.models import Hysteresis
from etf_platform.measures.association import percentile_ranks


def ranks(scores: np.ndarray) -> np.ndarray:
    """Place of every fund by descending score, ties by symbol.

    Parameters
    ----------
    scores : ndarray of shape (n_sessions, n_symbols)
        Columns in the order of the symbols; NaN are not ranked.

    Returns
    -------
    ndarray of int64 of the same shape
        1 is best; 0 where the score is NaN.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    places = np.empty(scores.shape, dtype=np.int64)
    np.put_along_axis(places, order, np.broadcast_to(np.arange(1, scores.shape[1] + 1), scores.shape), axis=1)
    return np.where(np.isnan(scores), 0, places)


def top_weights(places: np.ndarray, top_n: int) -> np.ndarray:
    """1 / top_n for each of the first `top_n` places, 0 elsewhere; what is left is cash."""
    return np.where((places > 0) & (places <= top_n), 1.0 / top_n, 0.0)


def is_void(places: np.ndarray, top_n: int) -> np.ndarray:
    """Sessions on which there are no more ranked funds than places, so that nothing is chosen; shape (n_sessions,)."""
    return (places > 0).sum(axis=1) <= top_n


def patient_weights(scores: np.ndarray, is_decision: np.ndarray, top_n: int, rules: Hysteresis) -> np.ndarray:
    """Weights with hysteresis: at most `max_swaps` per decision, for a clear improvement over a fund held long enough.

    The book is the one decided on the decision dates before; a row shows what a decision on that session would take.
    A held fund without a score leaves, and free places go to the best funds, without counting as swaps. A swap replaces
    the worst held fund that has been in the book for `min_holding_sessions` by the best fund outside, when the
    percentile rank of the score differs by `min_rank_gap` or more.

    Parameters
    ----------
    scores : ndarray of shape (n_sessions, n_symbols)
        From the first bar of the pool on: the book has a memory.
    is_decision : ndarray of bool, shape (n_sessions,)

    Returns
    -------
    ndarray of shape (n_sessions, n_symbols)
    """
    places, percentiles = ranks(scores), percentile_ranks(scores)
    weights = np.zeros(scores.shape)
    entered: dict[int, int] = {}
    for row in range(len(scores)):
        book = _next_book(entered, places[row], percentiles[row], row, top_n, rules)
        weights[row, list(book)] = 1.0 / top_n
        entered = book if is_decision[row] else entered
    return weights


def _next_book(
    entered: dict[int, int], places: np.ndarray, percentiles: np.ndarray, row: int, top_n: int, rules: Hysteresis
) -> dict[int, int]:
    """Column -> row of entry, after a decision on `row`."""
    book = {column: since for column, since in entered.items() if places[column] > 0}
    outside = [int(c) for c in np.argsort(places, kind="stable") if places[c] > 0 and int(c) not in book]
    while outside and len(book) < top_n:
        book[outside.pop(0)] = row
    for _ in range(rules.max_swaps):
        ripe = [c for c, since in book.items() if row - since >= rules.min_holding_sessions]
        if not ripe or not outside:
            break
        worst = max(ripe, key=lambda column: int(places[column]))
        if percentiles[outside[0]] - percentiles[worst] < rules.min_rank_gap - 1e-9:
            break
        del book[worst]
        book[outside.pop(0)] = row
    return book
