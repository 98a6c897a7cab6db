"""WeCom group robot: Markdown of at most 4,096 bytes or text of at most 2,048; `errcode` is read."""

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt
from etf_platform.alerts.http import Codes, send_json

MARKDOWN_BYTES, TEXT_BYTES = 4096, 2048
CODES = Codes(limited=frozenset({45009, 45033}), permanent=frozenset({93000, 40008, 40058, 44004, 45002}))


def _most_bytes(outlet: Outlet) -> int:
    return TEXT_BYTES if outlet.config.format == "text" else MARKDOWN_BYTES


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    webhook = outlet.secrets.wecom_webhook
    assert webhook is not None
    kind = outlet.config.format
    content = message.plain if kind == "text" else message.markdown
    return send_json(webhook.get_secret_value(), {"msgtype": kind, kind: {"content": content}}, outlet, CODES)


WECOM = Channel("wecom", _most_bytes, lambda secrets: int(secrets.wecom_webhook is not None), _deliver)
