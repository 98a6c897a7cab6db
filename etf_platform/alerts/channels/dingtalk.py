"""DingTalk group robot: Markdown, signed when there is a secret; a 200 with `errcode` other than 0 is a failure."""

import base64
import hashlib
import hmac
import time
from urllib.parse import quote_plus

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt
from etf_platform.alerts.http import Codes, send_json

MOST_BYTES = 18_000  # the service takes 20,000 for the whole document
CODES = Codes(
    limited=frozenset({130101, 130102, 410100}),
    permanent=frozenset({310000, 300001, 300005, 400013, 400101, 400102, 400105, 400106}),
)


def sign(secret: str, milliseconds: int) -> str:
    """URL-quoted base64 of HMAC-SHA256(secret, "{ms}\\n{secret}")."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return quote_plus(base64.b64encode(digest))


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    secrets = outlet.secrets
    assert secrets.dingtalk_webhook is not None
    url = secrets.dingtalk_webhook.get_secret_value()
    if secrets.dingtalk_secret is not None:
        now = time.time_ns() // 1_000_000
        joint = "&" if "?" in url else "?"
        url += f"{joint}timestamp={now}&sign={sign(secrets.dingtalk_secret.get_secret_value(), now)}"
    document = {"msgtype": "markdown", "markdown": {"title": message.subject, "text": message.markdown}}
    return send_json(url, document, outlet, CODES)


DINGTALK = Channel(
    "dingtalk", lambda outlet: MOST_BYTES, lambda secrets: int(secrets.dingtalk_webhook is not None), _deliver
)
