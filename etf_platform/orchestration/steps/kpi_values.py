"""Accounts, forecasts, attribution, drift and events to the values of every registered metric."""

from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Outcome, Window


def write_pool_values(platform: Platform, universe: str, window: Window) -> Outcome:
    """Metrics of one pool on every session of the window."""
    return Outcome()


def write_portfolio_values(platform: Platform, universe: str, window: Window) -> Outcome:
    """Metrics of all running accounts taken together."""
    return Outcome()
