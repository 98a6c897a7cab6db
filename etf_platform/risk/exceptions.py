"""Every forecast against what then happened.

Here: rows of the table EXCEPTIONS. Not here: whether there were too many breaches (`coverage`).
"""

import pandas as pd

from etf_platform.core.tables import EXCEPTIONS
from etf_platform.risk.forecasts import checked_returns, empty, names_of

KEY = list(EXCEPTIONS.key)


def exception_rows(forecasts: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """The forecast dated t with the return of the session it was for.

    Parameters
    ----------
    forecasts : DataFrame
        Table FORECASTS. Rows without a VaR, and rows whose session has no return (yet), are left out.
    returns : DataFrame
        `date`, `series`, `return`, `source`, as in `forecast_rows`.

    Returns
    -------
    DataFrame
        Columns of EXCEPTIONS, sorted by its key; a breach is a return below -VaR.

    Raises
    ------
    BadInputError
        As `forecast_rows`.
    """
    known = forecasts[forecasts["var"].notna()] if len(forecasts) else forecasts
    if not len(known):
        return empty(EXCEPTIONS)
    happened = checked_returns(returns)[["date", "series", "return", "source"]]
    asked = known.drop(columns="source").rename(columns={"date": "forecast_date", "for_date": "date"})
    rows = asked.merge(happened, on=["date", "series"], how="inner", validate="many_to_one")
    rows["is_breach"] = rows["return"] < -rows["var"]
    return rows[names_of(EXCEPTIONS)].sort_values(KEY, ignore_index=True)
