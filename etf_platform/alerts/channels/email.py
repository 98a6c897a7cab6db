"""E-mail: HTML with plain text beside it, over TLS from the start (port 465) or STARTTLS; certificates are verified.

The Message-ID names the message, so a mailbox that drops repeats shows each once.
"""

import contextlib
import smtplib
import socket
import ssl
from email.message import EmailMessage
from email.utils import formatdate

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt
from etf_platform.core.secrets import Secrets

MOST_BYTES = 200_000
SSL_PORT, STARTTLS_PORT = 465, 587
FOXMAIL = {"qq.com": "qq.com", "foxmail.com": "qq.com"}
STARTTLS_HOSTS = {"gmail.com": "smtp.gmail.com", "outlook.com": "smtp-mail.outlook.com"}


def server_of(secrets: Secrets) -> tuple[str, int] | None:
    """Host and port: as the environment says, else by the sender's domain; None for a domain that is not known."""
    domain = (secrets.email_sender or "").rpartition("@")[2].lower()
    host, port = _by_domain(domain)
    host = secrets.smtp_server or host
    return (host, secrets.smtp_port or (SSL_PORT if secrets.smtp_server else port)) if host else None


def _by_domain(domain: str) -> tuple[str, int]:
    if domain in STARTTLS_HOSTS:
        return STARTTLS_HOSTS[domain], STARTTLS_PORT
    if domain in FOXMAIL or domain in ("163.com", "126.com", "aliyun.com"):
        return f"smtp.{FOXMAIL.get(domain, domain)}", SSL_PORT
    return "", SSL_PORT


def mail_of(message: Message, secrets: Secrets) -> EmailMessage:
    """The mail: multipart/alternative of plain text and HTML; receivers default to the sender."""
    mail = EmailMessage()
    sender = secrets.email_sender or ""
    mail["Subject"] = message.subject
    mail["From"] = sender
    mail["To"] = ", ".join(secrets.email_recipients or (sender,))
    mail["Date"] = formatdate(min(event.occurred_at for event in message.events).timestamp())
    mail["Message-ID"] = f"<{message.name}@{sender.rpartition('@')[2] or 'etf-platform'}>"
    mail.set_content(message.plain)
    mail.add_alternative(f'<html><meta charset="utf-8"><body>{message.html}</body></html>', subtype="html")
    return mail


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    server = server_of(outlet.secrets)
    assert server is not None
    try:
        smtp = _connected(server, outlet)
    except (OSError, smtplib.SMTPException) as error:
        return _failed(error, uncertain=False)
    try:
        refused = smtp.send_message(mail_of(message, outlet.secrets))
    except (OSError, smtplib.SMTPException) as error:
        return _failed(error, uncertain=not isinstance(error, smtplib.SMTPResponseException))
    finally:
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.quit()
        smtp.close()
    return Receipt(True, f"{len(refused)} of the receivers refused by the server" if refused else "")


def _connected(server: tuple[str, int], outlet: Outlet) -> smtplib.SMTP:
    """Encrypted and logged in; a server without STARTTLS is refused, never spoken to in plain text."""
    (host, port), timeout = server, outlet.config.timeout_seconds
    tls = ssl.create_default_context()
    name = socket.gethostname()  # smtplib's own default asks the network
    if outlet.config.tls == "implicit" or (outlet.config.tls == "auto" and port == SSL_PORT):
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(host, port, name, timeout=timeout, context=tls)
    else:
        smtp = smtplib.SMTP(host, port, name, timeout=timeout)
    try:
        if not isinstance(smtp, smtplib.SMTP_SSL):
            smtp.starttls(context=tls)
        if outlet.secrets.email_password is not None:
            smtp.login(outlet.secrets.email_sender or "", outlet.secrets.email_password.get_secret_value())
    except (OSError, smtplib.SMTPException):
        smtp.close()
        raise
    return smtp


def _failed(error: OSError | smtplib.SMTPException, uncertain: bool) -> Receipt:
    """What a failure means: 4xx may pass later, 5xx not; the server's words stay out, for they may repeat ours."""
    name = type(error).__name__
    codes = _codes(error)
    if codes:
        limited = bool(codes & {421, 450, 452, 454})
        detail = f"{name}: status {', '.join(map(str, sorted(codes)))}"
        return Receipt(False, detail, retryable=max(codes) < 500, rate_limited=limited and max(codes) < 500)
    permanent = isinstance(error, smtplib.SMTPNotSupportedError)
    return Receipt(False, f"no delivery ({name})", retryable=not permanent, uncertain=uncertain)


def _codes(error: Exception) -> set[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return {code for code, _ in error.recipients.values()}
    return {error.smtp_code} if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0 else set()


def _count(secrets: Secrets) -> int:
    return int(bool(secrets.email_sender) and server_of(secrets) is not None)


EMAIL = Channel("email", lambda outlet: MOST_BYTES, _count, _deliver)
