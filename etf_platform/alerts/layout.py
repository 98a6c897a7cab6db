"""Events -> one message in Markdown, plain text and HTML; which of them fit into one digest. No wording, no sending."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from zoneinfo import ZoneInfo

from etf_platform.alerts.channel import Message
from etf_platform.alerts.cut import cut
from etf_platform.alerts.events import Block, Event, Severity

LINE_BYTES = 300
SUBJECT_BYTES = 200


@dataclass(frozen=True)
class Paper:
    """What a message is written on: room in bytes, zone of its times, address that links lead to (None: no links)."""

    most_bytes: int
    timezone: str = "Asia/Shanghai"
    link: str | None = None


def message_of(events: Sequence[Event], name: str, paper: Paper) -> Message:
    """One message: the event in full, or a digest that lists several, one line each.

    Markdown and plain text hold at most `paper.most_bytes` bytes; of a single event that is longer the end is cut, its
    closing and its link are not.
    """
    if len(events) > 1:
        return _digest(events, name, paper)
    event = events[0]
    subject, foot = one_line(event.subject, SUBJECT_BYTES), _link(event, paper)
    closing = f"\n\n{event.closing}" if event.closing else ""
    markdown = "\n\n".join((f"### {subject}", *(_markdown(block) for block in event.blocks)))
    plain = "\n\n".join((subject, *(_plain(block) for block in event.blocks)))
    html = f"<h2>{escape(subject)}</h2>" + "".join(_html(block) for block in event.blocks)
    return Message(
        name,
        subject,
        _fit(markdown, closing + (f"\n\n[Dagster]({foot})" if foot else ""), paper.most_bytes),
        _fit(plain, closing + (f"\n\n{foot}" if foot else ""), paper.most_bytes),
        html
        + (f"<p>{escape(event.closing)}</p>" if event.closing else "")
        + (f'<p><a href="{escape(foot)}">Dagster</a></p>' if foot else ""),
        (event,),
    )


def fitting(events: Sequence[Event], paper: Paper) -> int:
    """How many of the events, first ones first, a digest can list in full; at least 1."""
    room = paper.most_bytes - SUBJECT_BYTES
    for i, event in enumerate(events):
        room -= len(_line(event, paper).encode()) + 1
        if room < 0:
            return max(1, i)
    return len(events)


def one_line(text: str, most: int = LINE_BYTES) -> str:
    """The text on one line without control characters, cut to `most` bytes: safe as a mail header or a list item."""
    shown = "".join(c if c.isprintable() or c == "\u200d" else " " for c in text)
    return cut(" ".join(shown.split()), most)


def _digest(events: Sequence[Event], name: str, paper: Paper) -> Message:
    tally = Counter(event.severity for event in events)
    counts = ", ".join(f"{tally[s]} {s.value}" for s in reversed(Severity) if tally[s])
    subject = f"[etf_platform] {len(events)} messages: {counts}"
    lines = [_line(event, paper) for event in events]
    listed = "\n".join(lines)
    items = "".join(f"<li>{escape(line.removeprefix('- '))}</li>" for line in lines)
    html = f"<h2>{escape(subject)}</h2><ul>{items}</ul>"
    fit = cut(f"### {subject}\n\n{listed}", paper.most_bytes)
    return Message(name, subject, fit, cut(f"{subject}\n\n{listed}", paper.most_bytes), html, tuple(events))


def _line(event: Event, paper: Paper) -> str:
    at = event.occurred_at.astimezone(ZoneInfo(paper.timezone))
    return one_line(f"- {at:%m-%d %H:%M:%S} {event.subject}", LINE_BYTES)


def _markdown(block: Block) -> str:
    lines = [_unlinked(x) if isinstance(x, str) else f"- {_unlinked(x[0])}: {_unlinked(x[1])}" for x in block.lines]
    head = [f"**{block.heading}**", ""] if block.heading else []
    pairs = bool(block.lines) and not isinstance(block.lines[0], str)
    return "\n".join(head) + ("\n" if head else "") + ("\n" if pairs else "  \n").join(lines)


def _plain(block: Block) -> str:
    lines = [x if isinstance(x, str) else f"  {x[0]}: {x[1]}" for x in block.lines]
    return "\n".join(([block.heading] if block.heading else []) + lines)


def _html(block: Block) -> str:
    head = f"<h3>{escape(block.heading)}</h3>" if block.heading else ""
    body = "".join(_html_line(line) for line in block.lines)
    return f"{head}<table>{body}</table>"


def _html_line(line: str | tuple[str, str]) -> str:
    if line == RULE:
        return '<tr><td colspan="2"><hr></td></tr>'
    if isinstance(line, str):
        return f'<tr><td colspan="2">{escape(line)}</td></tr>'
    return f"<tr><th align='left'>{escape(line[0])}</th><td>{escape(line[1])}</td></tr>"


RULE = "---"


def _unlinked(text: str) -> str:
    """Names and reasons must not become links."""
    return text.replace("](", "] (")


def _link(event: Event, paper: Paper) -> str:
    return f"{paper.link.rstrip('/')}{event.link}" if paper.link and event.link else ""


def _fit(body: str, foot: str, most: int) -> str:
    return cut(body, most - len(foot.encode())) + foot


def shown_time(at: dt.datetime, timezone: str) -> str:
    """`2026-01-05 18:02:11` in a zone."""
    return f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M:%S}"
