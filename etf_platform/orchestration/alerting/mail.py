"""A report as a mail, sent on request and past the outbox. Not here: what is told by itself (`signals`)."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import replace

from etf_platform.alerts.channel import Message, Receipt
from etf_platform.alerts.wording import market_report
from etf_platform.core.secrets import Secrets
from etf_platform.orchestration.alerting.deliver import lines_of
from etf_platform.orchestration.platform import Platform
from etf_platform.reports.scoring import (
    MarketReport,
    message_blocks,
    message_closing,
    message_subject,
    report_mail,
    report_markdown,
    report_text,
)

EMAIL = "email"


def send_report(platform: Platform, report: MarketReport, now: dt.datetime) -> Iterator[tuple[str, Receipt]]:
    """Send the whole report to every mail channel that is ready, and yield what each answered; nothing without one."""
    held, universe = Secrets.from_env(), platform.config.scoring.universe
    subject, blocks, closing = message_subject(report), message_blocks(report), message_closing(report)
    event = market_report(universe, report.day, subject, blocks, closing, now)
    texts = (report_markdown(report), report_text(report), report_mail(report))
    message = Message(uuid.uuid4().hex, subject, *texts, (event,))
    for line in lines_of(platform):
        if line.channel.name == EMAIL:
            receipt = line.deliver(message)
            yield line.name, replace(receipt, detail=held.mask(receipt.detail))
