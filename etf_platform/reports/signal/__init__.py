"""The signal report of one trend strategy on one symbol: text, Markdown, HTML, and the document behind `signal.json`.

`facts` says what goes in, `wording` holds every sentence, `text` and `document` the two fixed forms, `render` the forms
for reading with evidence (`hit_rates`, `targets`), `backtest` the console table and document of the back-test. Not
here: rules and figures; they arrive as rows of the tables.
"""

from etf_platform.reports.signal.backtest import TOO_LITTLE, backtest_document, backtest_text
from etf_platform.reports.signal.document import report_dict, timeseries
from etf_platform.reports.signal.facts import Evidence, SignalFacts
from etf_platform.reports.signal.hit_rates import condition_hit_rates
from etf_platform.reports.signal.render import report_html, report_markdown
from etf_platform.reports.signal.text import report_text

__all__ = [
    "TOO_LITTLE",
    "Evidence",
    "SignalFacts",
    "backtest_document",
    "backtest_text",
    "condition_hit_rates",
    "report_dict",
    "report_html",
    "report_markdown",
    "report_text",
    "timeseries",
]
