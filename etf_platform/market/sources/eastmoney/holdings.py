"""Holdings of funds out of their published reports (`fundf10.eastmoney.com`): HTML tables inside a script.

`var apidata={ content:"...",arryear:[...],curyear:2026};` is no JSON. A missing year is answered with the current one,
and unclosed cells shift columns: both are refused here. Starred rows come from the issuer's list of shareholders.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from statistics import median
from typing import Any

import pandas as pd

from etf_platform.core.tables import FUND_HOLDINGS
from etf_platform.core.units.source import HoldingsAsk, Parsed, Reply, Request, reply_error
from etf_platform.market.codes import classify, from_secid
from etf_platform.market.sources.eastmoney.envelope import SOURCE
from etf_platform.market.sources.envelope import utf8_text
from etf_platform.market.sources.judge import (
    Gathered,
    Refusal,
    Values,
    beijing,
    day,
    needed,
    number,
    quantity,
    require,
    text,
)

MAX_WEIGHT = 0.35
SHARE_UNIT = VALUE_UNIT = 10_000.0
TOP = 10
# Days after the period's end by which a report must be out. Quarters: 15 working days, which the longest holidays
# stretch to 31 calendar days; full lists: 60 days after the half-year, 90 after the year.
TOP_DAYS, FULL_DAYS = 31, {2: 60, 4: 90}
WEIGHT, CODE, NAME, SHARES, VALUE, RANK = "占净值比例", "股票代码", "股票名称", "持股数(万股)", "持仓市值(万元)", "序号"
_ENVELOPE = re.compile(r'\s*var apidata=\{\s*content:"(.*)",arryear:\[[\d,\s]*\],curyear:(\d{4})\};?\s*', re.DOTALL)
_HEADING = re.compile(r"(\d{4})年([1-4])季度股票投资明细")
_AS_OF = re.compile(r"截止至：(?:<[^>]*>)?(\d{4}-\d\d-\d\d)")
_FUND = re.compile(r"//fund\.eastmoney\.com/(\d{6})\.html")
_LINK = re.compile(r"/unify/r/(\d{1,3})\.([0-9A-Za-z_]{1,10})['\"]")


@dataclass(frozen=True)
class Box:
    """One report: fund, year, quarter, end of its period, column names and rows as HTML."""

    year: int
    quarter: int
    as_of: pd.Timestamp
    columns: tuple[str, ...]
    rows: tuple[str, ...]
    is_full: bool

    @property
    def published_by(self) -> pd.Timestamp:
        """Last day by which the rules want it published."""
        return self.as_of + timedelta(days=FULL_DAYS[self.quarter] if self.is_full else TOP_DAYS)


def request_holdings(ask: HoldingsAsk) -> Request:
    """The reports of one calendar year; raises BadInputError for a symbol that is none."""
    code = classify(ask.symbol).code
    params = (("type", "jjcc"), ("code", code), ("topline", str(ask.topline)), ("year", str(ask.year)), ("month", ""))
    referer = f"https://fundf10.eastmoney.com/ccmx_{code}.html"
    return Request("https://fundf10.eastmoney.com/FundArchivesDatas.aspx", params, {"Referer": referer})


def parse_holdings(ask: HoldingsAsk, reply: Reply) -> Parsed:
    """FUND_HOLDINGS of a reply; no rows where the fund holds no stocks.

    `published_at` is the latest date that the rules allow, or the day of the reply if that is earlier: nothing that was
    not public can be used before. Refused are rows whose cells do not match the header (`shifted_cells`), weights above
    0.35 or without `%` (`bad_weight`), and weights that contradict the value of the holding (`inconsistent`).

    Raises
    ------
    ReplyError
        cut, encoding, html, empty; wrong_date where the reports are of another year; not_ours where the links name
        another fund; layout.
    """
    doing = f"reading holdings of {ask.symbol} in {ask.year} from eastmoney"
    body = utf8_text(reply.body, doing)
    envelope = _ENVELOPE.fullmatch(body)
    if envelope is None:
        started = body.lstrip().startswith("var apidata=")
        raise reply_error("cut" if started else "layout", doing, "no complete `var apidata={...};`")
    if int(envelope[2]) != ask.year and not _HEADING.search(envelope[1]):
        raise reply_error("wrong_date", doing, f"no report, and the reply is about {envelope[2]}")
    if any(code != classify(ask.symbol).code for code in _FUND.findall(envelope[1])):
        raise reply_error("not_ours", doing, "the reports are of another fund")
    gathered = Gathered(SOURCE, reply, ("as_of", "stock"))
    for box in _boxes(envelope[1], ask, pd.Timestamp(beijing(reply).date()), doing):
        _read_box(box, ask, reply, gathered)
    return gathered.parsed(FUND_HOLDINGS)


def _boxes(content: str, ask: HoldingsAsk, today: pd.Timestamp, doing: str) -> list[Box]:
    parts = re.split(r"(?=<div class=['\"]box['\"]>)", content)
    if _HEADING.search(content) is None:
        if "<tr" in content:
            raise reply_error("layout", doing, "a table without the heading of a report")
        return []
    return [_box(part, ask, today, doing) for part in parts if "<" in part]


def _box(html: str, ask: HoldingsAsk, today: pd.Timestamp, doing: str) -> Box:
    heading, as_of = _HEADING.search(html), _AS_OF.search(html)
    if heading is None or as_of is None or html.count("<tr") != html.count("</tr>"):
        raise reply_error("layout", doing, "a report without heading or date, or with an open row")
    year, quarter = int(heading[1]), int(heading[2])
    try:
        end = day(as_of[1])
    except Refusal as refusal:
        raise reply_error("layout", doing, refusal.reason) from refusal
    if year != ask.year or end >= today or end != pd.Period(f"{year}Q{quarter}").end_time.normalize():
        raise reply_error("wrong_date", doing, f"a report of {year} quarter {quarter}, as of {end.date()}")
    columns = tuple(_words(cell) for cell in re.findall(r"<th[^>]*>(.*?)</th>", html, re.DOTALL))
    if absent := [name for name in (WEIGHT, CODE, NAME, SHARES, VALUE, RANK) if columns.count(name) != 1]:
        raise reply_error("layout", doing, f"no column {', '.join(absent)}")
    rows = tuple(row for row in re.findall(r"<tr[^>]*>(.*?)</tr>", html, re.DOTALL) if "<th" not in row)
    n_own = sum("*" not in row.split("</td>")[0] for row in rows)
    return Box(year, quarter, end, columns, rows, n_own > TOP and quarter in FULL_DAYS)


def _words(html: str) -> str:
    inner = unescape(re.sub(r"<[^>]*>", "", html)).replace("\xa0", "").strip()
    return inner.replace("（", "(").replace("）", ")")


def _read_box(box: Box, ask: HoldingsAsk, reply: Reply, gathered: Gathered) -> None:
    published = min(box.published_by, pd.Timestamp(beijing(reply).date()))
    common = {"as_of": box.as_of, "published_at": published, "published_estimated": True, "symbol": ask.symbol}
    common["completeness"] = "full" if box.is_full else "top10"
    own = Gathered(SOURCE, reply, gathered.key, seen=gathered.seen)
    for row in box.rows:
        own.take(row, lambda raw: common | _read(raw, box), ask.symbol, box.as_of.date())
    kept = _consistent(own, ask, box)
    total = sum(values["weight"] for values in kept if not values["from_issuer"])
    for values in kept:
        gathered.accepted.append(values | {"weight_sum": total})
    gathered.refused.extend(own.refused)


def _read(row: Any, box: Box) -> Values:
    cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
    is_whole = len(cells) == len(box.columns) == row.count("<td") == row.count("</td>")
    require(is_whole, "shifted_cells", f"{len(cells)} closed cells under {len(box.columns)} columns")
    given = dict(zip(box.columns, (_words(cell) for cell in cells), strict=True))
    link = _LINK.search(cells[box.columns.index(CODE)])
    stock = from_secid(link[1], link[2]) if link else None
    require(stock is not None, "unknown_symbol", f"no stock of the house: {given[CODE][:20]!r}")
    require(link is not None and given[CODE] == link[2], "shifted_cells", f"link and code differ: {given[CODE][:20]!r}")
    rank = re.fullmatch(r"(\d{1,5})(\*?)", given[RANK], re.ASCII)
    if rank is None:
        raise Refusal("shifted_cells", f"the rank is {given[RANK][:20]!r}")
    return {
        "stock": stock,
        "stock_name": text(given[NAME], "stock_name"),
        "rank": int(rank[1]),
        "weight": _weight(given[WEIGHT]),
        "shares": needed(quantity(given[SHARES].replace(",", ""), "shares"), "shares") * SHARE_UNIT,
        "value": needed(quantity(given[VALUE].replace(",", ""), "value"), "value") * VALUE_UNIT,
        "from_issuer": bool(rank[2]),
    }


def _weight(words: str) -> float:
    require(words.endswith("%"), "bad_weight", f"the weight {words[:20]!r} does not end in %")
    weight = needed(number(words[:-1], "weight"), "weight") / 100.0
    require(0 <= weight <= MAX_WEIGHT, "bad_weight", f"a weight of {weight:g}")
    return round(weight, 10)


def _consistent(own: Gathered, ask: HoldingsAsk, box: Box) -> list[Values]:
    values_of = [v for v in own.accepted if v["weight"] > 0 and v["value"] > 0]
    if not values_of:
        return own.accepted
    net_value, kept = median(v["value"] / v["weight"] for v in values_of), []
    for values in own.accepted:
        implied = values["value"] / net_value
        if abs(implied - values["weight"]) <= 0.0002 + 0.05 * values["weight"]:
            kept.append(values)
        else:
            reason = f"weight {values['weight']:.4f}, but the value is {implied:.4f} of the fund"
            raw = {"stock": values["stock"], "weight": values["weight"], "value": values["value"]}
            own.refuse(raw, "inconsistent", reason, ask.symbol, box.as_of.date())
    return kept
