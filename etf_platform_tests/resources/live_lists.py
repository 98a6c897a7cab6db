"""EastMoney's lists of stocks and pages of fund reports, made by hand: what two tests of the tracker ask over HTTP."""

import json

from etf_platform_tests.resources.replay_server import Query

LISTS, PAGES = "push2.eastmoney.com", "fundf10.eastmoney.com"
STOCKS = {
    "m:0+t:6": ("000001", "000002"),
    "m:0+t:80": ("300001",),
    "m:1+t:2": ("600001", "900901"),
    "m:1+t:23": ("688001",),
    "m:0+t:81+s:2048": ("920002",),
}


def list_page(path: str, query: Query) -> bytes:
    """One page of EastMoney's list of a board."""
    codes = STOCKS[query["fs"]]
    rows = [
        {
            "f12": code,
            "f13": int(code[0] in "69" and not code.startswith("92")),
            "f14": f"股{code}",
            "f2": 10.1,
            "f18": 10.0,
        }
        | {"f17": 10.0, "f15": 10.2, "f16": 9.9, "f5": 1000, "f6": 1_010_000.0, "f4": 0.1, "f3": 1.0, "f8": 0.5}
        | {"f297": 20250102}
        for code in codes
    ]
    return json.dumps({"rc": 0, "data": {"total": len(rows), "diff": rows}}).encode()


def _report(fund: str, year: int, quarter: int, end: str) -> str:
    heads = ["序号", "股票代码", "股票名称", "占净值比例", "持股数（万股）", "持仓市值（万元）"]
    cells = ["1", "<a href='//quote.eastmoney.com/unify/r/1.600519'>600519</a>", "茅台", "6.00%", "10.00", "15,000.00"]
    table = f"<tr>{''.join(f'<th>{h}</th>' for h in heads)}</tr><tr>{''.join(f'<td>{c}</td>' for c in cells)}</tr>"
    title = (
        f"<a href='//fund.eastmoney.com/{fund}.html'>x</a>{year}年{quarter}季度股票投资明细 截止至：<font>{end}</font>"
    )
    return f"<div class='box'>{title}<table>{table}</table></div>"


def holdings_page(path: str, query: Query) -> bytes:
    """Reports of a fund: one of 2024, with one stock; none of other years."""
    fund, year = query["code"], int(query["year"])
    content = _report(fund, year, 3, f"{year}-09-30") if year == 2024 else ""
    return f'var apidata={{ content:"{content}",arryear:[2024],curyear:{year}}};'.encode()
