"""Own webhooks, one line for each URL of `CUSTOM_WEBHOOK_URLS`: `{msgtype: text, text: {content}}`."""

from urllib.parse import urlsplit

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt
from etf_platform.alerts.channels.wecom import TEXT_BYTES
from etf_platform.alerts.http import Codes, send_json

MOST_BYTES = 18_000


def _url(outlet: Outlet) -> str:
    return outlet.secrets.custom_webhook_urls[outlet.index].get_secret_value()


def _most_bytes(outlet: Outlet) -> int:
    """A WeCom robot behind such a URL takes no more than a WeCom text."""
    return TEXT_BYTES if urlsplit(_url(outlet)).hostname == "qyapi.weixin.qq.com" else MOST_BYTES


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    document = {"msgtype": "text", "text": {"content": message.plain}}
    return send_json(_url(outlet), document, outlet, Codes(is_required=False), message.name)


WEBHOOK = Channel("webhook", _most_bytes, lambda secrets: len(secrets.custom_webhook_urls), _deliver, is_list=True)
