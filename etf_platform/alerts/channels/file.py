"""Dry run: every message as a Markdown file. A repeat overwrites itself, so each stands there exactly once."""

import os

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt

MOST_BYTES = 200_000


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    at = min(event.occurred_at for event in message.events)
    path = outlet.folder / f"{at:%Y%m%dT%H%M%S}-{message.name}.md"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(message.markdown + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        return Receipt(False, f"{path.parent}: {error.strerror or type(error).__name__}", retryable=True)
    return Receipt(True)


FILE = Channel("file", lambda outlet: MOST_BYTES, lambda secrets: 1, _deliver)
