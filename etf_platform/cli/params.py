"""Parameter types of the command line."""

from datetime import date

import click


class Day(click.ParamType):
    """A calendar day, `2025-06-13` or `20250613`."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Parse a day or fail with the form that is expected."""
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no date such as 2025-06-13", param, ctx)
