"""House rows as the original showed them: bare codes, percent, times on the exchange's clock. No reading."""

import datetime as dt
from collections.abc import Mapping

from etf_platform.arbitrage.clock import SHANGHAI
from etf_platform.web.live import local_time
from etf_platform.web.models.paging import Row
from etf_platform.web.symbols import bare

LEVELS = {"高": "high", "中": "medium", "低": "low"}
MOST = ("most_triggered_stocks", "most_used_etfs")


def percent(fraction: float | None) -> float | None:
    """0.0123 -> 1.23; None for None."""
    return None if fraction is None else round(fraction * 100.0, 4)


def local_iso(value: dt.datetime | str | None) -> str | None:
    """ISO with the exchange's offset; None for None."""
    if value is None or value == "":
        return None
    at = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(SHANGHAI).isoformat(timespec="seconds")


def limit_up(row: Row) -> Row:
    """A row of the board as the original showed it."""
    return {
        "code": bare(row["symbol"]),
        "name": row.get("name") or None,
        "price": row.get("price"),
        "change_pct": percent(row.get("change")),
        "volume": row.get("volume"),
        "amount": row.get("amount"),
        "turnover": percent(row.get("turnover")),
        "limit_time": local_time(row.get("first_seal")),
        "seal_amount": row.get("seal_amount"),
    }


def signal(row: Row) -> Row:
    """A row of the signals as the original showed it."""
    same = ("stock_name", "stock_price", "etf_name", "etf_price", "etf_weight", "confidence", "risk_level", "reason")
    return {
        "signal_id": row["signal_id"],
        "timestamp": local_iso(row.get("at") or row["created_at"]),
        "stock_code": bare(row["stock"]),
        "etf_code": bare(row["etf"]),
        **{name: row.get(name) for name in same},
    }


def backtest_statistics(counted: Row, called: Mapping[str, str]) -> Row:
    """Counts of a back-test's signals as the original showed them: by word, as percent, means, pairs of name and count.

    Parameters
    ----------
    counted : dict
        `backtest.events.statistics.statistics`.
    called : mapping of str to str
        Names by house symbol; one without a name shows its code alone.
    """
    total, dates, months = (counted.get(name) for name in ("total_signals", "signals_by_date", "signals_by_month"))
    kept = {"total_signals": total or 0, "signals_by_date": dates or {}, "signals_by_month": months or {}}
    for subject in ("confidence", "risk"):
        words = counted.get(f"by_{subject}") or {}
        kept |= {f"{level}_{subject}_count": words.get(word, 0) for word, level in LEVELS.items()}
        kept[f"{subject}_distribution"] = {word: 100.0 * words.get(word, 0) / (total or 1) for word in LEVELS}
    kept["average_signals_per_day"] = (total or 0) / (len(dates or {}) or 1)
    kept["average_signals_per_month"] = (total or 0) / (len(months or {}) or 1)
    for name in MOST:
        rows = counted.get(name) or ()
        kept[name] = [[_labelled(row["symbol"], called), row["signals"]] for row in rows]
    return kept


def symbols_in(counted: Row) -> list[str]:
    """Symbols that the counts of a back-test name."""
    return [row["symbol"] for name in MOST for row in counted.get(name) or ()]


def _labelled(symbol: str, called: Mapping[str, str]) -> str:
    return f"{bare(symbol)} {called.get(symbol, '')}".rstrip()


def backtest_signal(row: Row) -> Row:
    """A signal of a back-test under the original's names too; what was stored stays beside them."""
    named = {"stock_code": "stock", "etf_code": "etf"}
    same = {"timestamp": "date", "etf_weight": "weight", "risk_level": "risk"}
    return {
        **row,
        **{theirs: bare(row[ours]) for theirs, ours in named.items() if row.get(ours)},
        **{theirs: row[ours] for theirs, ours in same.items() if ours in row},
    }
