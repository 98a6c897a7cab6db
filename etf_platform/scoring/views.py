"""What is known of one asset on one session: blocks of the newest bar and the newest published values, with their ages.

Only values: how views are put together from stored tables is `scoring.assembly`, what a view is worth is
`scoring.factors`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from etf_platform.core.config.scoring import Asset
from etf_platform.scoring.blocks import Flow, Panic, Probability, Technical, Valuation, VolumeBlock

NOBODY = "none"
"""What stands for the source of what is not there."""


@dataclass(frozen=True)
class AssetView:
    """An asset on a session; None is unknown, and `reasons` says why.

    Attributes
    ----------
    key, asset : str, Asset
        `HS300`, and its facts in `scoring.yaml`.
    day : date
        XSHG session that is scored.
    data_date, bars_age : date, int, or None
        Date of the newest bar that could be known at the run of `day`, and sessions of the asset's own calendar that
        have come since (0: it is as new as it can be). None without any bar.
    close, change : float or None
        Of that bar, in its own currency as traded; `change` is close / reference price before - 1, a fraction.
    probabilities : mapping of int to Probability
        By horizon, e.g. 20 and 60; empty when bars are missing or stale.
    technical, volume : Technical, VolumeBlock, or None
        Of that bar; None when bars are missing or stale.
    valuation : Valuation or None
        None when nothing is published for the asset, or it is stale.
    flows : Flow or None
        Northbound or southbound net flow, or margin balances in their place (`flows.kind`).
    margin_sentiment : float or None
        Points 0 to 100 of the margin balances, for CN assets.
    panic : Panic or None
        The first index of `asset.panic_index` that is there and fresh.
    sentiment_score : float or None
        Points 0 to 100 of the asset's market.
    source : str
        Where the bars are from; carries `(proxy ...)` and `(simulated)` where that is so.
    reasons : mapping
        Input (`bars`, `valuation`, `capital`, `margin`, `panic`, `sentiment`) -> why it is missing; no entry for what
        is there.
    """

    key: str
    asset: Asset
    day: date
    data_date: date | None = None
    bars_age: int | None = None
    close: float | None = None
    change: float | None = None
    probabilities: Mapping[int, Probability] = field(default_factory=dict)
    technical: Technical | None = None
    volume: VolumeBlock | None = None
    valuation: Valuation | None = None
    flows: Flow | None = None
    margin_sentiment: float | None = None
    panic: Panic | None = None
    sentiment_score: float | None = None
    source: str = ""
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def up_prob(self) -> Probability | None:
        """Probability over 20 sessions."""
        return self.probabilities.get(20)
