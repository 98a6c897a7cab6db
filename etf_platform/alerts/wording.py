"""What the alerts say about themselves, and the push texts of the specifications. Events of the graph are worded beside
the sensors that find them.

Sizes are yuan, weights and premiums fractions; an unknown value is None or NaN and prints as a dash.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from etf_platform.alerts.events import Block, Event, Kind, Severity
from etf_platform.alerts.layout import RULE, shown_time

UNKNOWN = "—"
CONFIDENCE = {"高": "💪", "中": "👍", "低": "⚠️"}
RISK = {"高": "🔴", "中": "🟡", "低": "🟢"}
RISEN = "此前为观察信号，现转为可操作。"
DISCLAIMER = "⚠️ 风险提示: 本信号仅供参考，不构成投资建议。请根据自身情况谨慎决策。"


def undelivered(lost: Event, channel: str, detail: str, now: dt.datetime) -> Event:
    """No channel has taken an event; told where the escalation goes, with all that the event said."""
    facts = Block("", (("severity", lost.severity.value), ("last channel", channel), ("last error", detail)))
    return Event(
        f"undelivered:{lost.key}",
        Kind.UNDELIVERED,
        Severity.CRITICAL,
        f"Nobody was told: {lost.subject}",
        now,
        f"undelivered:{lost.order_key}",
        (facts, *lost.blocks),
        lost.owner,
        lost.asset,
        lost.about,
        lost.link,
    )


def channel_down(name: str, failures: int, since: dt.datetime, detail: str, now: dt.datetime) -> Event:
    """A channel has failed several times in a row."""
    facts = (("failures in a row", str(failures)), ("since", f"{since:%Y-%m-%d %H:%M:%S} UTC"), ("last error", detail))
    key = f"channel_down:{name}:{since.isoformat()}"
    subject = f"Channel {name} does not deliver"
    return Event(key, Kind.CHANNEL_DOWN, Severity.ERROR, subject, now, f"channel:{name}", (Block("", facts),))


def channel_recovered(name: str, since: dt.datetime, now: dt.datetime) -> Event:
    """A channel that was told of delivers again."""
    facts = (("down since", f"{since:%Y-%m-%d %H:%M:%S} UTC"),)
    key = f"channel_recovered:{name}:{since.isoformat()}"
    subject = f"Channel {name} delivers again"
    return Event(key, Kind.CHANNEL_RECOVERED, Severity.INFO, subject, now, f"channel:{name}", (Block("", facts),))


def test_message(now: dt.datetime, by: str = "") -> Event:
    """A message that only shows that a channel works."""
    lines = (("sent by", by or UNKNOWN), ("at", f"{now:%Y-%m-%d %H:%M:%S} UTC"))
    key = f"test:{now.isoformat()}"
    subject = "[TEST] etf_platform can reach you"
    return Event(key, Kind.TEST, Severity.INFO, subject, now, "test", (Block("测试", lines),))


def trend_signal(symbol: str, day: dt.date, strategy: str, report: str, now: dt.datetime) -> Event:
    """The daily signal report of a trend strategy, as it stands: subject `{symbol} 信号 - {date}`."""
    return Event(
        f"signal:{symbol}:{strategy}:{day.isoformat()}",
        Kind.SIGNAL,
        Severity.WARNING,
        f"{symbol} 信号 - {day.isoformat()}",
        now,
        f"signal:{symbol}:{strategy}",
        (Block("", tuple(report.rstrip().splitlines())),),
        about=symbol,
    )


def market_report(
    universe: str,
    day: dt.date,
    subject: str,
    blocks: Sequence[tuple[str, tuple[str | tuple[str, str], ...]]],
    closing: str,
    now: dt.datetime,
) -> Event:
    """The daily market report of a universe, told once per session; `blocks` are (heading, lines), best first.

    A warning, because chats take nothing milder.
    """
    return Event(
        f"report:{universe}:{day.isoformat()}",
        Kind.REPORT,
        Severity.WARNING,
        subject,
        now,
        f"report:{universe}",
        tuple(Block(heading, lines) for heading, lines in blocks),
        asset=f"reports/{universe}/market",
        about=universe,
        closing=closing,
    )


@dataclass(frozen=True)
class LimitUp:
    """What the push text of a limit-up signal needs; None or NaN = unknown.

    Attributes
    ----------
    seal_amount : float or None
        Yuan.
    weight, premium : float or None
        Fractions.
    confidence, risk : str
        高, 中 or 低.
    is_risen : bool
        It was told for observation and can be acted on now: a letter of its own.
    """

    signal_id: str
    at: dt.datetime
    stock_code: str
    stock_name: str
    stock_price: float | None
    seal_amount: float | None
    etf_code: str
    etf_name: str
    etf_price: float | None
    weight: float | None
    premium: float | None
    confidence: str
    risk: str
    reason: str
    is_actionable: bool
    is_risen: bool = False


def limit_up_signal(signal: LimitUp, now: dt.datetime) -> Event:
    """Push text of a limit-up stock and the fund that holds it; 观察信号 where nothing is to be bought."""
    title = f"📈 涨停ETF套利信号 - {signal.stock_name}"
    return Event(
        f"limit_up:{signal.signal_id}" + (":risen" if signal.is_risen else ""),
        Kind.SIGNAL,
        Severity.WARNING,
        title,
        now,
        f"limit_up:{signal.stock_code}",
        _limit_up_blocks(signal),
        about=signal.stock_code,
    )


def limit_up_opened(
    key: str, stock_code: str, stock_name: str, price: float | None, funds: Sequence[tuple[str, str]], now: dt.datetime
) -> Event:
    """The follow-up of `limit_up_signal` when the board opens; `funds` are (code, name) of the signals that end.

    `key` names the episode of the stock.
    """
    stock = (("代码", stock_code), ("名称", stock_name), ("价格", _number(price, "¥{:.2f}")))
    return Event(
        f"limit_up_opened:{key}",
        Kind.SIGNAL,
        Severity.WARNING,
        f"⚠️ 涨停打开 - {stock_name}",
        now,
        f"limit_up:{stock_code}",
        (
            Block("⏰ 时间", (shown_time(now, "Asia/Shanghai"),)),
            Block("🔓 开板股票", stock),
            Block("💰 失效信号", tuple(funds)),
            Block("💡 说明", ("涨停已打开，此前的信号失效；再次封板将作为新的信号。",)),
            Block("", (RULE,)),
            Block("", (DISCLAIMER,)),
        ),
        about=stock_code,
    )


def _limit_up_blocks(signal: LimitUp) -> tuple[Block, ...]:
    seal = None if signal.seal_amount is None else signal.seal_amount / 1e8
    stock = (
        ("代码", signal.stock_code),
        ("名称", signal.stock_name),
        ("价格", _number(signal.stock_price, "¥{:.2f}")),
        ("封单", _number(seal, "¥{:.2f}亿")),
    )
    fund = (
        ("代码", signal.etf_code),
        ("名称", signal.etf_name),
        ("当前价", _number(signal.etf_price, "¥{:.3f}")),
        ("权重", _number(signal.weight, "{:.2%}")),
        ("溢价", _number(signal.premium, "{:+.2%}")),
    )
    words = (
        ("置信度", f"{signal.confidence} {CONFIDENCE.get(signal.confidence, '')}".rstrip()),
        ("风险", f"{signal.risk} {RISK.get(signal.risk, '')}".rstrip()),
    )
    return (
        Block("⏰ 时间", (shown_time(signal.at, "Asia/Shanghai"),)),
        Block("🔴 涨停股票", stock),
        Block("💰 建议买入ETF" if signal.is_actionable else "💰 观察信号", fund),
        Block("📊 信号评估", words),
        Block("💡 说明", (signal.reason, *((RISEN,) if signal.is_risen else ()))),
        Block("", (RULE,)),
        Block("", (DISCLAIMER,)),
    )


def _number(value: float | None, form: str) -> str:
    return UNKNOWN if value is None or math.isnan(value) else form.format(value)
