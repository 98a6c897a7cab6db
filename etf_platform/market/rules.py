"""Rules of the Chinese exchanges as dated facts, each with its source.

A new rule is a new row here; nothing else in the package states a limit, a tick, a settlement or an hour. Not here:
which fund a rule applies to (`market.instruments`).
"""

from dataclasses import dataclass
from datetime import date

from etf_platform.core.errors import BadInputError

Market = str
Value = float | str | tuple[tuple[str, str], ...]

MORNING = ("09:30", "11:30")
TO_1457 = (("09:15", "09:25"), MORNING, ("13:00", "14:57"), ("14:57", "15:00"))
TO_1500 = (("09:15", "09:25"), MORNING, ("13:00", "15:00"))

_TRADING = "SSE and SZSE trading rules"
_RULES_2026 = "SSE and SZSE trading rules, 2026 revision published 2026-04-24 (SSE art. 2.4.2 and 3.3.13)"
_REGISTRATION = "SZSE special rules for ChiNext trading 2020 (registration reform)"
_STAR = "SSE special rules for STAR market trading 2019"
_FIRST_DAY = "SSE and SZSE notices of 2014-06-13 on the first day of trading: orders at 64 to 144 % of the issue price"
_RULES_2023 = (
    "SSE and SZSE trading rules, 2023 revision (registration reform of the main boards, first listings 2023-04-10)"
)


@dataclass(frozen=True)
class Rule:
    """One fact: from `since` (inclusive) until the next row of the same name, scope and market.

    `market` is `XSHG`, `XSHE`, `BJSE` or `*`. A session schedule is (opening call, continuous.., closing call).
    """

    name: str
    scope: str
    market: Market
    value: Value
    since: str
    source: str


RULES: tuple[Rule, ...] = (
    Rule("price_limit", "main_board", "*", 0.10, "1996-12-16", _TRADING),
    Rule("price_limit", "st_main", "*", 0.05, "1998-04-22", _TRADING),
    Rule("price_limit", "st_main", "*", 0.10, "2026-07-06", _RULES_2026),
    Rule("price_limit", "chinext", "XSHE", 0.10, "2009-10-30", _TRADING),
    Rule("price_limit", "chinext", "XSHE", 0.20, "2020-08-24", _REGISTRATION),
    Rule("price_limit", "st_chinext", "XSHE", 0.05, "2009-10-30", _TRADING),
    Rule("price_limit", "st_chinext", "XSHE", 0.20, "2020-08-24", _REGISTRATION),
    Rule("price_limit", "star", "XSHG", 0.20, "2019-07-22", _STAR),
    Rule("price_limit", "bse", "BJSE", 0.30, "2021-11-15", "BSE trading rules 2021"),
    Rule("price_limit", "etf", "*", 0.10, "1996-12-16", _TRADING),
    Rule("price_limit", "etf_20pct", "*", 0.10, "1996-12-16", _TRADING),
    Rule("price_limit", "etf_20pct", "XSHG", 0.20, "2020-08-21", "SSE notice on funds of STAR indices, 2020-08"),
    Rule("price_limit", "etf_20pct", "XSHE", 0.20, "2020-08-24", _REGISTRATION),
    # Sessions of a new listing without a limit, and the limits of its first day: the row of the day of listing holds.
    Rule("no_limit_sessions", "main_board", "*", 1, "1996-12-16", _TRADING),
    Rule("no_limit_sessions", "main_board", "*", 0, "2014-06-13", _FIRST_DAY),
    Rule("no_limit_sessions", "main_board", "*", 5, "2023-04-10", _RULES_2023),
    Rule("no_limit_sessions", "chinext", "XSHE", 1, "2009-10-30", _TRADING),
    Rule("no_limit_sessions", "chinext", "XSHE", 0, "2014-06-13", _FIRST_DAY),
    Rule("no_limit_sessions", "chinext", "XSHE", 5, "2020-08-24", _REGISTRATION),
    Rule("no_limit_sessions", "star", "XSHG", 5, "2019-07-22", _STAR),
    Rule("no_limit_sessions", "bse", "BJSE", 1, "2021-11-15", "BSE trading rules 2021"),
    Rule("first_day_rise", "main_board", "*", 0.44, "2014-06-13", _FIRST_DAY),
    Rule("first_day_rise", "chinext", "XSHE", 0.44, "2014-06-13", _FIRST_DAY),
    Rule("first_day_fall", "main_board", "*", 0.36, "2014-06-13", _FIRST_DAY),
    Rule("first_day_fall", "chinext", "XSHE", 0.36, "2014-06-13", _FIRST_DAY),
    Rule("tick", "stock", "*", 0.01, "2006-07-01", _TRADING),
    Rule("tick", "etf", "*", 0.001, "2006-07-01", _TRADING),
    Rule("min_holding_days", "stock", "*", 1, "1995-01-01", _TRADING),
    Rule("min_holding_days", "etf", "*", 1, "2006-07-01", _TRADING),
    Rule("min_holding_days", "etf_20pct", "*", 1, "2006-07-01", _TRADING),
    Rule("min_holding_days", "etf_bond", "*", 0, "2015-01-19", "SSE and SZSE notices of 2015-01-09 on T+0 funds"),
    Rule("min_holding_days", "etf_money", "*", 0, "2015-01-19", "SSE and SZSE notices of 2015-01-09 on T+0 funds"),
    Rule("min_holding_days", "etf_gold", "*", 0, "2015-01-19", "SSE and SZSE notices of 2015-01-09 on T+0 funds"),
    Rule("min_holding_days", "etf_crossborder", "*", 1, "2006-07-01", _TRADING),
    Rule("min_holding_days", "etf_crossborder", "*", 0, "2015-01-19", "SSE and SZSE notices of 2015-01-09"),
    Rule("min_holding_days", "etf_commodity", "*", 1, "2006-07-01", _TRADING),
    Rule("min_holding_days", "etf_commodity", "XSHG", 0, "2020-01-20", "SSE trading rules, commodity futures funds"),
    Rule("min_holding_days", "etf_commodity", "XSHE", 0, "2019-01-11", "SZSE trading rules (single source)"),
    Rule("schedule", "stock", "XSHE", TO_1457, "2006-07-01", _TRADING),
    Rule("schedule", "etf", "XSHE", TO_1457, "2006-07-01", _TRADING),
    Rule("schedule", "stock", "XSHG", TO_1500, "2006-07-01", _TRADING),
    Rule("schedule", "stock", "XSHG", TO_1457, "2018-08-20", "SSE notice of 2018-08-06 on the closing call auction"),
    Rule("schedule", "etf", "XSHG", TO_1500, "2006-07-01", _TRADING),
    Rule("schedule", "etf", "XSHG", TO_1457, "2026-07-06", _RULES_2026),
)


def rows(name: str, scope: str, market: Market) -> list[Rule]:
    """Rows of one rule, oldest first; rows of `*` apply to every market."""
    found = [r for r in RULES if r.name == name and r.scope == scope and r.market in (market, "*")]
    return sorted(found, key=lambda r: r.since)


def value_on(name: str, scope: str, market: Market, when: date | str) -> Value:
    """Value of a rule on a day.

    Raises
    ------
    BadInputError
        No row covers the day.
    """
    valid = [r for r in rows(name, scope, market) if r.since <= str(when)[:10]]
    if not valid:
        raise BadInputError(
            f"looking up {name} of {scope} on {market}",
            f"no rule is known for {when}",
            "add a dated row to market.rules",
        )
    return valid[-1].value
