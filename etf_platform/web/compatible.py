"""House rows as the original showed them: bare codes, percent, times on the exchange's clock. No reading."""

import datetime as dt

from etf_platform.web.live import local_time
from etf_platform.web.models.paging import Row
from etf_platform.web.services import SHANGHAI
from etf_platform.web.symbols import bare


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


def backtest_signal(row: Row) -> Row:
    """A signal of a back-test under the original's names too; what was stored stays beside them."""
    named = {"stock_code": "stock", "etf_code": "etf"}
    same = {"timestamp": "date", "etf_weight": "weight", "risk_level": "risk"}
    return {
        **row,
        **{theirs: bare(row[ours]) for theirs, ours in named.items() if row.get(ours)},
        **{theirs: row[ours] for theirs, ours in same.items() if ours in row},
    }
