"""Any other service by an apprise URL, one line for each URL of `APPRISE_URLS`."""

import logging

from etf_platform.alerts.channel import Channel, Message, Outlet, Receipt

MOST_BYTES = 4000


def _deliver(message: Message, outlet: Outlet) -> Receipt:
    """Apprise tells success or failure only, so a failure may have reached the service."""
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings may show addresses
    service = apprise.Apprise()
    if not service.add(outlet.secrets.apprise_urls[outlet.index].get_secret_value()):
        return Receipt(False, "apprise does not know this kind of URL")
    taken = service.notify(title=message.subject, body=message.markdown, body_format=apprise.NotifyFormat.MARKDOWN)
    return Receipt(True) if taken else Receipt(False, "apprise reports a failure", retryable=True, uncertain=True)


APPRISE = Channel(
    "apprise", lambda outlet: MOST_BYTES, lambda secrets: len(secrets.apprise_urls), _deliver, is_list=True
)
