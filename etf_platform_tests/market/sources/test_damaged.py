"""A damaged reply ends in a typed error or in refused rows: never in fewer, and never in wrong rows, unsaid."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from etf_platform.core.errors import ReplyError
from etf_platform.core.units.source import BarAsk, HoldingsAsk, MinuteAsk, PoolAsk, QuoteAsk
from etf_platform_tests.resources.live_cases import NAMES, Case, script, violations

HTML = b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head></html>"
every_reply = pytest.mark.parametrize("name", NAMES)
OWN = ["payload_hash", "fetched_at", "weight_sum"]


def kind_of(case: Case, body: bytes) -> str:
    with pytest.raises(ReplyError) as caught:
        case.parse(body)
    return caught.value.kind


def lines(frame: pd.DataFrame, unlike: Sequence[str] = ()) -> set[tuple[str, ...]]:
    """Rows as text, without the columns that every reply has its own values in."""
    kept = frame.drop(columns=[c for c in (*OWN, *unlike) if c in frame])
    return {tuple(map(str, row)) for row in kept.itertuples(index=False)}


@every_reply
def test_a_reply_cut_at_every_tenth_byte_is_an_error_or_names_what_is_missing(cases, name):
    case = cases[name]
    whole = len(case.parse().frame)
    for end in range(0, len(case.body.rstrip(b"; \r\n)")) - 1, 10):
        try:
            parsed = case.parse(case.body[:end])
        except ReplyError as error:
            assert error.kind in ("cut", "empty", "layout"), (end, error)
        else:
            assert lines(parsed.frame) <= lines(case.parse().frame)
            assert len(parsed.frame) + len(parsed.missing) + len(parsed.refused) >= whole, end


@every_reply
def test_an_html_page_and_an_empty_reply_are_errors_that_may_pass(cases, name):
    assert kind_of(cases[name], HTML) == "html"
    assert kind_of(cases[name], b"  \n" + HTML) == "html"
    assert kind_of(cases[name], b"") == "empty"
    assert kind_of(cases[name], b" \r\n") == "empty"


@every_reply
def test_another_encoding_is_an_error_or_changes_nothing(cases, name):
    case = cases[name]
    ours, other = ("gbk", "utf-8") if case.name in ("quotes", "sina", "preopen") else ("utf-8", "gbk")
    recoded = case.body.decode(ours).encode(other)
    if recoded == case.body:
        assert len(case.parse(recoded).frame) == len(case.parse().frame)
    else:
        assert kind_of(case, recoded) == "encoding"
    assert kind_of(case, case.body.decode(ours).encode("utf-16")) in ("encoding", "cut", "layout")


@pytest.mark.parametrize("name", ["quotes", "sina"])
@pytest.mark.parametrize("body", [b"Forbidden", b"403 forbidden"[4:], b"Access Denied"])
def test_a_forbidden_caller_is_told_so(cases, name, body):
    assert kind_of(cases[name], body) == "blocked"


@pytest.mark.parametrize("name", ["clist", "push2his", "pool", "quote"])
def test_null_data_of_eastmoney_is_a_block(cases, name):
    assert kind_of(cases[name], b'{"rc":102,"data":null}') == "blocked"


@pytest.mark.parametrize(
    "body", ['{"code":0,"msg":"","data":[]}', '{"code":0,"data":""}', '{"code":1,"msg":"bad params"}']
)
@pytest.mark.parametrize("name", ["day", "minute"])
def test_error_replies_of_tencent_are_errors(cases, name, body):
    assert kind_of(cases[name], body.encode()) == "provider"


@pytest.mark.parametrize("name", ["day", "minute", "push2his", "quotes", "quote", "sina", "yahoo", "tushare_bars"])
def test_a_reply_about_something_else_is_refused(cases, name):
    case = cases[name]
    ask = replace(
        case.ask,
        **(
            {"symbols": ("601988.SH",)}
            if isinstance(case.ask, QuoteAsk)
            else {"symbol": "SPY.US" if name == "yahoo" else "601988.SH"}
        ),
    )
    other = replace(case, ask=ask)
    if name == "tushare_bars":
        assert set(other.parse().refused["rule"]) == {"not_asked"}
    else:
        assert kind_of(other, case.body) == "not_ours"


@pytest.mark.parametrize("name", ["pool", "pool_jsonp", "pool_zt", "pool_dt", "minute"])
def test_a_pool_or_minutes_of_another_session_are_refused_as_a_whole(cases, name):
    case = cases[name]
    ask: PoolAsk | MinuteAsk = replace(case.ask, session=case.ask.session + timedelta(days=1))

    with pytest.raises(ReplyError) as caught:
        replace(case, ask=ask).parse()
    assert (caught.value.kind, caught.value.retryable) == ("wrong_date", True)


@pytest.mark.parametrize("name", ["day", "newfq_day", "push2his", "tushare_bars", "yahoo"])
def test_bars_of_other_dates_are_refused(cases, name):
    case = cases[name]
    ask: BarAsk = replace(case.ask, start=date(2020, 1, 1), end=date(2020, 1, 31))
    parsed = replace(case, ask=ask).parse()

    assert parsed.frame.empty
    assert set(parsed.refused["rule"]) == {"not_asked"}
    assert len(parsed.refused) == case.n_rows


def test_a_missing_year_answered_with_the_current_one_is_refused(cases):
    case = replace(cases["holdings"], ask=HoldingsAsk("510300.SH", 2019))

    assert kind_of(case, case.body) == "wrong_date"
    assert kind_of(case, script("", 2026)) == "wrong_date"


def test_a_fund_without_stocks_has_no_rows(cases):
    assert cases["holdings"].parse(script("", 2026)).frame.empty


def test_a_report_of_another_fund_is_refused(cases):
    case = replace(cases["holdings_2025"], ask=HoldingsAsk("561360.SH", 2025))

    assert kind_of(case, case.body) == "not_ours"


@pytest.mark.parametrize(("name", "split"), [("quotes", "~"), ("sina", ",")])
@pytest.mark.parametrize("how", ["dropped", "doubled"])
def test_a_field_more_or_less_anywhere_before_the_last_used_one_never_gives_a_wrong_quote(cases, name, split, how):
    case = cases[name]
    text, limit = case.body.decode("gbk"), {"~": 49, ",": 30}[split]
    for at in range(limit):
        shifted = re.sub(r'"([^"]+)"', lambda found, at=at: f'"{_shifted(found[1], split, at, how)}"', text)
        try:
            parsed = case.parse(shifted.encode("gbk"))
        except ReplyError:
            continue
        assert lines(parsed.frame, ["name", "status"]) <= lines(case.parse().frame, ["name", "status"]), at
        assert len(parsed.frame) + len(parsed.refused) == case.n_rows


def _shifted(line: str, split: str, at: int, how: str) -> str:
    fields = line.split(split)
    return split.join(fields[:at] + fields[at + 1 :] if how == "dropped" else fields[: at + 1] + fields[at:])


@pytest.mark.parametrize("factor", [10, 0.1])
@pytest.mark.parametrize("name", ["quotes", "sina", "newfq_day", "push2his", "clist", "tushare_bars"])
def test_prices_ten_times_too_high_or_low_are_refused_where_something_traded(cases, name, factor):
    case = as_traded(cases[name])
    parsed = case.parse(_scaled(case, factor, PRICE_FIELDS))

    priced = parsed.frame[parsed.frame["symbol"] != "000001.SH"]  # nothing in a reply tells the level of an index
    assert not (priced["volume"] > 0).any()
    assert "unit_check" in set(parsed.refused["rule"])


@pytest.mark.parametrize("factor", [100, 0.01])
@pytest.mark.parametrize("name", ["quotes", "sina", "newfq_day", "push2his", "clist", "tushare_bars"])
def test_volumes_a_hundred_times_too_large_or_small_give_the_right_shares_or_none(cases, name, factor):
    case = as_traded(cases[name])
    parsed = case.parse(_scaled(case, factor, VOLUME_FIELDS))
    whole, found = (p.frame.set_index(["date", "symbol"])["volume"] for p in (case.parse(), parsed))
    found = found.drop("000001.SH", level="symbol", errors="ignore")  # nothing tells the unit of an index

    assert found.to_dict() == pytest.approx(whole[found.index].to_dict())
    assert len(parsed.frame) + len(parsed.refused) == case.n_rows


def as_traded(case: Case) -> Case:
    """The case with unadjusted prices, which alone can be checked against the amount."""
    if case.name != "newfq_day":
        return case
    return replace(case, ask=replace(case.ask, adjust="none"), body=case.body.replace(b"qfqday", b"day"))


# Positions of prices and volumes in the rows of each reply.
PRICE_FIELDS = {
    "quotes": (3, 4, 5, *range(9, 29, 2), 31, 33, 34, 41, 42, 47, 48, 78),
    "sina": (*range(1, 8), *range(11, 30, 2)),
    "newfq_day": (1, 2, 3, 4),
    "push2his": (1, 2, 3, 4, 9),
    "clist": ("f2", "f4", "f15", "f16", "f17", "f18"),
    "tushare_bars": (2, 3, 4, 5, 6, 7),
}
VOLUME_FIELDS = {
    "quotes": (6, 36),
    "sina": (8,),
    "newfq_day": (5,),
    "push2his": (5,),
    "clist": ("f5",),
    "tushare_bars": (9,),
}


def _scaled(case: Case, factor: float, fields: dict) -> bytes:
    places = fields[case.name]
    if case.name in ("quotes", "sina"):
        split = "~" if case.name == "quotes" else ","
        text = case.body.decode("gbk")
        scaled = re.sub(r'"([^"]+)"', lambda found: f'"{_line(found[1], split, places, factor)}"', text)
        return scaled.encode("gbk")
    text = case.body.decode()
    whole = json.loads(re.sub(r"^[^{]*\(|\);?\s*$", "", text) if "(" in text[:60] else text)
    data = whole["data"]
    if case.name == "clist":
        data["diff"] = [{k: v * factor if k in places else v for k, v in row.items()} for row in data["diff"]]
    elif case.name == "push2his":
        data["klines"] = [_line(row, ",", places, factor) for row in data["klines"]]
    elif case.name == "tushare_bars":
        data["items"] = [[v * factor if i in places else v for i, v in enumerate(row)] for row in data["items"]]
    else:
        rows = data["sz001216"]["day"]
        rows[:] = [[f"{float(v) * factor:.4f}" if i in places else v for i, v in enumerate(row)] for row in rows]
    return json.dumps(whole).encode()


def _line(line: str, split: str, places: tuple, factor: float) -> str:
    parts = line.split(split)
    for at in places:
        if at < len(parts) and re.fullmatch(r"-?[\d.]+", parts[at]):
            parts[at] = f"{float(parts[at]) * factor:.4f}".rstrip("0").rstrip(".")
    if split == "~" and len(parts) > 35 and parts[35].count("/") == 2:
        price, volume, amount = parts[35].split("/")
        parts[35] = f"{parts[3]}/{parts[6]}/{amount}" if price and volume else parts[35]
    return split.join(parts)


@every_reply
def test_a_doubled_reply_gives_no_row_twice(cases, name):
    try:
        parsed = cases[name].parse(cases[name].body + cases[name].body)
    except ReplyError:
        return

    assert violations(cases[name], parsed) == []


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("<td class='tor'>9.76%</td>", "<td class='tor'>9.76%", "shifted_cells"),
        ("<td class='tor'>9.76%</td>", "", "shifted_cells"),
        ("9.76%", "9.76", "bad_weight"),
        ("9.76%", "242.51%", "bad_weight"),
        ("9.76%", "36.00%", "bad_weight"),
        ("9.76%", "---", "bad_weight"),
        ("5,388.52", "---", "non_numeric"),
        (">600089<", ">600090<", "shifted_cells"),
        ("/1.600089'", "/1.900089'", "unknown_symbol"),
        ("<td>1</td>", "<td>x</td>", "shifted_cells"),
    ],
)
def test_a_broken_row_of_holdings_is_refused_and_the_other_one_kept(cases, old, new, rule):
    case = cases["holdings_2025"]
    parsed = case.parse(case.body.decode().replace(old, new, 1).encode())

    assert parsed.refused["rule"].tolist() == [rule]
    assert parsed.frame["stock"].tolist() == ["600406.SH"]
    assert parsed.frame["weight_sum"].tolist() == [0.0951]


def test_a_weight_that_contradicts_its_value_is_refused(cases):
    case = cases["holdings_2025"]
    parsed = case.parse(case.body.decode().replace("9.76%", "0.98%").encode())

    assert set(parsed.refused["rule"]) == {"inconsistent"}


def test_starred_rows_are_marked_and_do_not_count_in_the_sum(cases):
    case = cases["holdings_2025"]
    frame = case.parse(case.body.decode().replace("<td>2</td>", "<td>2*</td>").encode()).frame.set_index("stock")

    assert frame["from_issuer"].to_dict() == {"600089.SH": False, "600406.SH": True}
    assert set(frame["weight_sum"]) == {0.0976}


def test_a_pool_price_that_is_no_limit_price_is_refused(cases):
    case = cases["pool"]
    parsed = case.parse(case.body.replace(b'"p":16060,', b'"p":16070,'))

    assert parsed.refused[["symbol", "rule"]].to_numpy().tolist() == [["000004.SZ", "inconsistent"]]
    assert len(parsed.frame) == 19


def test_pool_prices_ten_times_too_high_are_refused_where_rounding_shows_it(cases):
    case = cases["pool"]
    parsed = case.parse(re.sub(rb'"p":(\d+),', rb'"p":\g<1>0,', case.body))

    assert len(parsed.frame) + len(parsed.refused) == 20
    assert len(parsed.refused) >= 18


def test_the_close_before_a_refused_bar_is_nobody_s_previous_close(cases):
    case = cases["day"]
    parsed = case.parse(case.body.replace(b'"338.060"', b'"-"'))

    assert parsed.refused[["date", "rule"]].to_numpy().tolist() == [[pd.Timestamp("2026-09-10"), "missing_value"]]
    assert parsed.frame["prev_close"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"data":' + b"9" * 5000 + b"}",
        b'{"data":NaN}',
        b"{}",
        b"[]",
        b"1",
        b"null",
        b'"x"',
        b"\xff\xfe",
    ],
)
@every_reply
def test_odd_bytes_are_typed_errors(cases, name, body):
    assert kind_of(cases[name], body)


@pytest.mark.parametrize("field", [b"0.09", b"16269.81", b"11131", b"1437.10"])
def test_a_negative_turnover_value_volume_or_limit_refuses_the_quote(cases, field):
    body = cases["quotes"].body.replace(b"~" + field + b"~", b"~-2~", 1)
    parsed = cases["quotes"].parse(body)

    assert parsed.refused["symbol"].tolist() == ["600519.SH"]
    assert len(parsed.frame) == 10


def test_an_eastmoney_row_of_dashes_is_a_stock_that_has_not_traded(cases):
    row = {"f12": "600107", "f13": 1, "f14": "x", "f18": 3.35} | dict.fromkeys(("f2", "f3", "f5", "f6", "f15"), "-")
    parsed = cases["clist"].parse(json.dumps({"data": {"total": 1, "diff": [row]}}).encode())
    quote = parsed.frame.iloc[0]

    assert (quote["last"], quote["is_traded"]) == (3.35, False)
    assert quote[["volume", "amount", "high", "turnover"]].isna().all()


def test_a_stock_of_tencent_before_the_opening_shows_the_previous_close(cases):
    line = b'v_sh600519="1~x~600519~0.00~1306.45~0.00~0~0~0' + b"~0.00~0" * 10 + b"~~20260806090101~0.00~0.00~0.00~0.00"
    line += b'~0.00/0/0~0~0~0.00~19.67~~0.00~0.00~0.00~16269.81~16269.81~6.99~1437.10~1175.81~0.00~~~";'
    quote = cases["quotes"].parse(line).frame.iloc[0]

    assert (quote["last"], quote["is_traded"], quote["volume"]) == (1306.45, False, 0)
    assert quote[["open", "bid1_volume"]].isna().all()


def test_a_report_of_a_period_that_has_not_ended_is_refused(cases):
    body = cases["holdings"].body.decode().replace("2026年1季度", "2026年4季度").replace("2026-03-31", "2026-12-31")

    assert kind_of(cases["holdings"], body.encode()) == "wrong_date"
