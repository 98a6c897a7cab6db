"""What all EastMoney JSON replies share: `rc`, `data`, and the null that a blocked caller gets with HTTP 200."""

from typing import Any

from etf_platform.core.units.source import Reply, reply_error
from etf_platform.market.sources.envelope import json_object

SOURCE = "live:eastmoney"


def data_of(reply: Reply, doing: str) -> dict[str, Any]:
    """The object `data` of a reply.

    Raises
    ------
    ReplyError
        As `envelope.json_object`; blocked where `data` is null; layout where it is no object.
    """
    whole = json_object(reply.body, doing)
    data = whole.get("data", "")
    if data is None:
        raise reply_error("blocked", doing, f"data is null, rc {str(whole.get('rc'))[:20]}")
    if not isinstance(data, dict):
        raise reply_error("layout", doing, "there is no object `data`")
    return data


def count_of(data: dict[str, Any], name: str, doing: str) -> int:
    """A count in the envelope; raises ReplyError (layout) where it is none."""
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 100_000_000:
        raise reply_error("layout", doing, f"{name} is {str(value)[:40]!r}")
    return value
