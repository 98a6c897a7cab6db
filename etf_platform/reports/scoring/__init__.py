"""The daily market report of the scored assets: Markdown, HTML, text, and the message for the alert channels.

`document` holds what goes in, `positions` reads the reader's holdings, `layout` what a report consists of; `opening`,
`holdings`, `overview`, `assets` (with `judgement`, `parts`, `volume`) and `closing` its sections in order; `render`,
`text`, `values` and `message` the forms. Not here: any score or judgement; they arrive as values.
"""

from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.message import message_blocks, message_closing, message_subject
from etf_platform.reports.scoring.positions import Positions, read_positions
from etf_platform.reports.scoring.render import report_html, report_mail, report_markdown
from etf_platform.reports.scoring.text import report_text
from etf_platform.reports.scoring.values import report_dict

__all__ = [
    "MarketReport",
    "Positions",
    "message_blocks",
    "message_closing",
    "message_subject",
    "read_positions",
    "report_dict",
    "report_html",
    "report_mail",
    "report_markdown",
    "report_text",
]
