"""A DingTalk robot on loopback: signature and age checked (310000), 20 messages in a window (130101), 20,000 bytes."""

import base64
import hashlib
import hmac
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from etf_platform_tests.resources.robot_server import Judge, run

LIMITED, REFUSED, MALFORMED = 130101, 310000, 400105
HOUR_MS = 3_600_000


def judge_of(secret: str) -> Judge:
    """The errcode of a request to a robot that asks for signatures by `secret`."""

    def judge(path: str, document: dict[str, Any]) -> int:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        stamp = query.get("timestamp", "0")
        wanted = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
        is_signed = query.get("sign") == base64.b64encode(wanted).decode()
        if secret and not (is_signed and abs(time.time() * 1000 - int(stamp)) < HOUR_MS):
            return REFUSED
        text = document.get("markdown", {}).get("text", "")
        is_whole = document.get("msgtype") == "markdown" and document["markdown"].get("title") and text
        return 0 if is_whole and len(text.encode()) <= 20_000 else MALFORMED

    return judge


if __name__ == "__main__":
    run(judge_of, LIMITED)
