"""Tables of the layer `strategies`."""

from etf_platform.core.schema import Column, Table
from etf_platform.core.tables.columns import DATE, SOURCE, SYMBOL, flag, fraction, price, text

TARGETS = Table(
    "strategies",
    "targets",
    "rotation scores, eligibility and the weights that a decision on this day would take",
    (
        DATE,
        SYMBOL,
        Column("score", "float64", "score", "signed family rank in [-0.5, 0.5]; null when not eligible", True),
        Column("rank", "int64", "count", "1 is best among the eligible; 0 when not eligible"),
        flag("is_eligible", "may be bought on a decision of this day"),
        text("reason", "why it is not eligible; empty otherwise"),
        fraction("target_weight", "weight of the pool that a decision on this day gives the fund"),
        flag("is_decision", "the day is a decision date: last session of a complete period"),
        flag("selection_void", "no more eligible funds than places: nothing was selected"),
        SOURCE,
    ),
    key=("date", "symbol"),
)

SIGNALS = Table(
    "strategies",
    "signals",
    "what every configured trend strategy says at a close, and the position it then holds",
    (
        DATE,
        SYMBOL,
        text("strategy", "name of the strategy, e.g. EMA_trend_v3"),
        text("signal", "buy, sell, hold, close, buy_light or sell_light"),
        fraction("position", "weight advised for the next session; null keeps what is held", True),
        text("reason", "reason code of the rule that decided"),
        text("state", "PASS, or BLOCKED when the inputs allow no signal"),
        text(
            "conditions", "one character per shown condition: 1 met, 0 not met, - not defined; empty without conditions"
        ),
        price("close", "adjusted close the signal knows"),
        fraction("weight", "weight held once the advice is followed"),
        price("entry_price", "adjusted close of the signal that opened the position; null when flat", True),
        text("entry_reason", "reason code that opened the position; empty when flat"),
        price(
            "stop_loss",
            "price below (short: above) which the position is closed; null when none is open or advised",
            True,
        ),
        price(
            "take_profit",
            "price above (short: below) which the position is closed; null when none is open or advised",
            True,
        ),
        SOURCE,
    ),
    key=("date", "symbol", "strategy"),
)
