"""Tencent: quotes, K-lines and minutes; no key."""

from etf_platform.core.units.source import Endpoint, LiveSource
from etf_platform.market.sources.tencent.bars import parse_bars, request_bars
from etf_platform.market.sources.tencent.minutes import parse_minutes, request_minutes
from etf_platform.market.sources.tencent.quotes import BATCH, parse_quotes, request_quotes

TENCENT = LiveSource(
    "tencent",
    ("qt.gtimg.cn", "web.ifzq.gtimg.cn"),
    (
        Endpoint("quotes", request_quotes, parse_quotes, BATCH),
        Endpoint("bars", request_bars, parse_bars),
        Endpoint("minutes", request_minutes, parse_minutes),
    ),
    rate=2.0,
)
