"""What a pool should hold, what it holds, and what changes.

Here: targets of the day beside the positions of the back-tested account. Not here: selection and orders (`strategies`,
`backtest`); a difference of two weights is all the arithmetic there is.
"""

import pandas as pd

from etf_platform.core.states import State
from etf_platform.reports.daily.contents import DailyReport
from etf_platform.reports.daily.layout import Section, grid_of
from etf_platform.reports.display import shown

HEADERS = "Fund|Name|Action|#Target|#Change|#Held now|#At last rebalance|#Rank|#Score"


def holdings_section(report: DailyReport, pool: str) -> Section:
    """Targets, holdings and changes of one pool, or the reason why it is blocked."""
    title = f"{pool}: what to hold" + (" (watched, outside the portfolio)" if pool in report.watched else "")
    if why := report.why_blocked(pool):
        return Section(title, (f"BLOCKED: {why}",), state=State.BLOCKED)
    targets = report.rows("targets", pool)
    weights = _weights(report, pool)
    names = report.names()
    rows = [
        (
            str(symbol),
            names.get(str(symbol), ""),
            _action(row.target, row.held, report.min_weight_change),
            shown(row.target, "fraction"),
            shown(row.target - row.held, "fraction", signed=True),
            shown(row.held, "fraction"),
            shown(row.before, "fraction"),
            str(int(row.place)) if row.place > 0 else "-",
            shown(row.score, "score", signed=True),
        )
        for symbol, row in weights.iterrows()
    ]
    lines = (*_decision_lines(targets), *_rebalance_lines(report, pool, weights))
    return Section(title, lines, grid_of(HEADERS, rows))


def _weights(report: DailyReport, pool: str) -> pd.DataFrame:
    """Indexed by symbol: target, held, before (fractions, 0 when absent), place, score; best target first."""
    targets = report.rows("targets", pool).set_index("symbol")
    held = _held(report, pool, _last_day(report, pool))
    before = _held(report, pool, _last_fill(report, pool))
    table = pd.DataFrame({"target": targets["target_weight"], "held": held, "before": before})
    table[["target", "held", "before"]] = table[["target", "held", "before"]].fillna(0.0)
    table["place"], table["score"] = targets["rank"].reindex(table.index).fillna(0), targets["score"]
    wanted = table[(table["target"] > 0) | (table["held"] > 0) | (table["before"] > 0)]
    order = wanted.assign(last=wanted["place"].where(wanted["place"] > 0, 10**6), code=wanted.index)
    return wanted.loc[order.sort_values(["target", "last", "code"], ascending=[False, True, True]).index]


def _last_day(report: DailyReport, pool: str) -> pd.Timestamp | None:
    equity, positions = report.rows("equity", pool), report.rows("positions", pool)
    days = [frame["date"].max() for frame in (equity, positions) if len(frame)]
    return max(days, default=None)


def _last_fill(report: DailyReport, pool: str) -> pd.Timestamp | None:
    rows = report.rows("rebalances", pool)
    return rows["date"].max() if len(rows) else None


def _held(report: DailyReport, pool: str, day: pd.Timestamp | None) -> pd.Series:
    rows = report.rows("positions", pool)
    if not len(rows) or day is None:
        return pd.Series(dtype=float)
    return rows[rows["date"] == day].set_index("symbol")["weight"]


def _action(target: float, held: float, smallest: float) -> str:
    if target > 0 and held == 0:
        return "buy"
    if target == 0 and held > 0:
        return "sell"
    if target == held == 0:
        return "sold"
    change = target - held
    if abs(change) < smallest:
        return "keep"
    return "add" if change > 0 else "reduce"


def _decision_lines(targets: pd.DataFrame) -> list[str]:
    cash = 1.0 - float(targets["target_weight"].sum())
    decision = bool(targets["is_decision"].any())
    kind = (
        "Decision day: the changes are traded in the next session."
        if decision
        else "No decision day: nothing is traded; the targets show what a decision on this close would take."
    )
    void = "Selection void: no more eligible funds than places, so all of them are taken and the ranking chose nothing."
    eligible = f"Eligible funds: {int(targets['is_eligible'].sum())} of {len(targets)}"
    lines = [kind, f"{eligible}; not invested by the targets: {shown(abs(round(cash, 12)), 'fraction')} of the pool."]
    return [*lines, void] if bool(targets["selection_void"].any()) else lines


def _rebalance_lines(report: DailyReport, pool: str, weights: pd.DataFrame) -> list[str]:
    rows = report.rows("rebalances", pool)
    if not len(rows):
        return ["No rebalance is stored yet."]
    last = rows.sort_values("date").iloc[-1]
    entering = weights.index[(weights["target"] > 0) & (weights["before"] == 0)]
    leaving = weights.index[(weights["target"] == 0) & (weights["before"] > 0)]
    return [
        f"Last rebalance: decided {shown(last['decision_date'])}, filled {shown(last['date'])}, "
        f"{int(last['num_positions'])} funds, cost {shown(last['transaction_cost'], 'CNY')}.",
        f"Against it: enters {', '.join(entering) or 'nothing'}; leaves {', '.join(leaving) or 'nothing'}.",
    ]
