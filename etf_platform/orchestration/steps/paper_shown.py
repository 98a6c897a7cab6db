"""What a person sees of the running account in the UI. Not here: running it (`steps.paper`)."""

from collections.abc import Sequence

import pandas as pd

from etf_platform.paper.decisions import Authority

SHOWN_SESSIONS = 20
COLUMNS = ["date", "nav", "daily_return", "cash", "cost", "exposure", "n_positions", "n_stale"]


def recent(account: pd.DataFrame | None, rows: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The last sessions of an account, newest first: the stored one and the rows that were added now.

    `daily_return` is a fraction, empty on the first session.
    """
    parts = [part for part in (account, *rows) if part is not None and len(part)]
    if not parts:
        return pd.DataFrame(columns=COLUMNS)
    whole = pd.concat(parts, ignore_index=True).tail(SHOWN_SESSIONS + 1)
    returns = whole["nav"].pct_change().map(lambda value: "" if value != value else f"{value:+.4%}")
    money = {name: whole[name].map("{:,.2f}".format) for name in ("nav", "cash", "cost")}
    shown = whole.assign(date=whole["date"].dt.strftime("%Y-%m-%d"), daily_return=returns, **money)
    return shown[COLUMNS].tail(SHOWN_SESSIONS).iloc[::-1].reset_index(drop=True)


def multipliers(authority: Authority) -> dict[str, float]:
    """What the exposure of the day is the product of."""
    return {"stage": authority.exposure, "breaker": authority.breaker, "drift": authority.drift}
