"""Kinds of columns that many tables have."""

from etf_platform.core.schema import Column

DATE = Column(
    "date", "date", "session", "trading session the row belongs to; it knows the close of this day and nothing later"
)
SYMBOL = Column("symbol", "string", "code", "instrument with exchange suffix, e.g. 510300.SH")
SOURCE = Column("source", "string", "name", "where the data came from; simulated data carry the word `simulated`")


def price(name: str, meaning: str, nullable: bool = False) -> Column:
    """A price per share."""
    return Column(name, "float64", "CNY per share (USD for US)", meaning, nullable)


def money(name: str, meaning: str, nullable: bool = False) -> Column:
    """An amount of money."""
    return Column(name, "float64", "CNY", meaning, nullable)


def fraction(name: str, meaning: str, nullable: bool = False) -> Column:
    """A share or return; never percent."""
    return Column(name, "float64", "fraction", meaning, nullable)


def count(name: str, meaning: str, nullable: bool = False) -> Column:
    """A whole number."""
    return Column(name, "int64", "count", meaning, nullable)


def text(name: str, meaning: str, nullable: bool = False) -> Column:
    """Words."""
    return Column(name, "string", "text", meaning, nullable)


def flag(name: str, meaning: str) -> Column:
    """Yes or no."""
    return Column(name, "bool", "flag", meaning)
