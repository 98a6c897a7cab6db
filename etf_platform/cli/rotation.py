"""`etf-platform rotation ...`: placeholders are not allowed, so commands appear here as they work."""

import click


@click.group()
def rotation() -> None:
    """The ETF rotation."""
