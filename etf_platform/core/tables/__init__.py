"""The tables through which layers talk. One declaration each; everything else is derived from it."""

from etf_platform.core.schema import Table
from etf_platform.core.tables.arbitrage import (
    BOARD_COUNTS,
    BOARD_RETURNS,
    EVENT_FIGURES,
    EVENT_SIGNALS,
    EVENT_TRADES,
    EXPECTATIONS,
    LIMIT_STATES,
    SIGNAL_OUTCOMES,
    STOCK_LIST,
)
from etf_platform.core.tables.backtest import (
    CAPACITY,
    EQUITY,
    FILLS,
    METRICS,
    MONTHS,
    POSITIONS,
    REBALANCES,
    TREND_EQUITY,
    TREND_METRICS,
    TREND_TRADES,
)
from etf_platform.core.tables.factors import FACTOR_CORRELATION, FACTOR_QUALITY, FACTOR_SUMMARY, PANEL, PANEL_META
from etf_platform.core.tables.governance import (
    CONSISTENCY,
    DRIFT,
    KPI_VALUES,
    PAPER_ACCOUNT,
    PAPER_DECISIONS,
    PAPER_FILLS,
    PAPER_RELEASES,
)
from etf_platform.core.tables.indicators import INDICATORS
from etf_platform.core.tables.kpi import KPI, POOL_SUMMARY
from etf_platform.core.tables.market import (
    ADJUSTMENT_EVENTS,
    BARS,
    FUND_HOLDINGS,
    LIMIT_POOL,
    LIMIT_PRICES,
    LISTINGS,
    MEMBERS,
    MINUTES,
    QUARANTINE,
    QUOTES,
    RECONCILIATION,
)
from etf_platform.core.tables.risk import BRINSON, COVERAGE, EXCEPTIONS, FACTOR_ATTRIBUTION, FILL_ATTRIBUTION, FORECASTS
from etf_platform.core.tables.scoring import (
    ASSET_SCORES,
    ASSET_SERIES,
    ASSET_STATES,
    FACTOR_SCORES,
    SCORE_BASIS,
    SCORE_EVALUATION,
)
from etf_platform.core.tables.strategies import SIGNALS, TARGETS

TABLES: tuple[Table, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Table))
