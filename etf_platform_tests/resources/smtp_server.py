"""A mail server on loopback: STARTTLS or TLS from the start, login demanded, throttling and faults on request.

Every message goes to a JSON log before the answer leaves. Certificates are made with `openssl` for the test that asks.
"""

import argparse
import random
import ssl
import subprocess
import threading
import time
from collections import deque
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from etf_platform_tests.resources.robot_server import append

USER, PASSWORD = "desk@example.com", "mail-password-7319"


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key; clients trust it by SSL_CERT_FILE."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return cert, key


class Mailbox:
    """Takes `limit` messages in a window; a share `busy` is refused with 451, a share `mute` taken unanswered."""

    def __init__(self, log: Path, limit: int = 20, window: float = 60.0, busy: float = 0.0, mute: float = 0.0) -> None:
        self.log, self.limit, self.window, self.busy, self.mute = log, limit, window, busy, mute
        self.seen: deque[float] = deque()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        at, lot = time.time(), random.random()
        while self.seen and self.seen[0] <= at - self.window:
            self.seen.popleft()
        self.seen.append(at)
        code = 450 if len(self.seen) > self.limit else 451 if lot < self.busy else 250
        mail = message_from_bytes(envelope.content, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        line = {"at": at, "code": code, "id": mail["Message-ID"], "subject": mail["Subject"], "to": envelope.rcpt_tos}
        append(self.log, {**line, "parts": parts, "type": mail.get_content_type(), "tls": session.ssl is not None})
        if code == 250 and lot > 1.0 - self.mute:
            server.transport.abort()
        return {250: "250 OK", 450: "450 4.2.1 too fast", 451: "451 4.3.0 try later"}[code]


def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    is_known = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=is_known, handled=is_known)


def mail_server(box: Mailbox, cert: Path, key: Path, port: int = 0, implicit: bool = False) -> Controller:
    """The server, not yet started."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    login = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": not implicit}
    if implicit:
        return Controller(box, hostname="127.0.0.1", port=port, ssl_context=tls, **login)
    return Controller(box, hostname="127.0.0.1", port=port, tls_context=tls, require_starttls=True, **login)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--tls", type=Path, help="folder of cert.pem and key.pem")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--window", type=float, default=60.0)
    parser.add_argument("--faults", default="0,0")
    o = parser.parse_args()
    box = Mailbox(o.log, o.limit, o.window, *map(float, o.faults.split(",")))
    mail_server(box, o.tls / "cert.pem", o.tls / "key.pem", o.port).start()
    threading.Event().wait()
