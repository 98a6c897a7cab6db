"""What every layer shares: errors, table schemas, units, configuration, the catalogue.

Nothing here knows a market, a file format of a provider, or Dagster.
"""
