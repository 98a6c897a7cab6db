"""A WeCom robot on loopback: key checked (93000), 4,096 bytes of Markdown, 2,048 of text (40058), 45009."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from etf_platform_tests.resources.robot_server import Judge, run

LIMITED, UNKNOWN_KEY, TOO_LONG, MALFORMED = 45009, 93000, 40058, 40008
MOST = {"markdown": 4096, "text": 2048}


def judge_of(key: str) -> Judge:
    """The errcode of a request to the robot with this key."""

    def judge(path: str, document: dict[str, Any]) -> int:
        if parse_qs(urlsplit(path).query).get("key") != [key]:
            return UNKNOWN_KEY
        kind = document.get("msgtype", "")
        content = document.get(kind, {}).get("content", "")
        if kind not in MOST or not content:
            return MALFORMED
        return 0 if len(content.encode()) <= MOST[kind] else TOO_LONG

    return judge


if __name__ == "__main__":
    run(judge_of, LIMITED)
