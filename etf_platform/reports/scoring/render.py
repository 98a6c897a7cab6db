"""Markdown and HTML of the market report. Not here: what it says (`closing.parts_of`) and the text form (`text`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import jinja2

from etf_platform.reports.daily.render import plain_markdown
from etf_platform.reports.scoring import layout
from etf_platform.reports.scoring.closing import parts_of
from etf_platform.reports.scoring.document import MarketReport
from etf_platform.reports.scoring.layout import Banner, Block, Heading, Items, Line, Picture, Rule, Table, blocks_of

KINDS: dict[str, type[object]] = {
    "heading": Heading,
    "line": Line,
    "items": Items,
    "table": Table,
    "rule": Rule,
    "banner": Banner,
    "picture": Picture,
}
ILLUSTRATED = "📋 分析概览"


@dataclass
class Section:
    """A heading with the blocks and the deeper sections below it.

    `name` is its address in the page; `is_part` says that it is a part of an asset.
    """

    heading: Heading
    name: str
    is_part: bool = False
    blocks: list[Block] = field(default_factory=list)
    sections: list["Section"] = field(default_factory=list)

    @property
    def assets(self) -> list["Section"]:
        """Sections about one asset, on this level or the next."""
        return [s for below in self.sections for s in (below, *below.sections) if s.heading.is_asset]


def report_markdown(report: MarketReport) -> str:
    """The report as Markdown, without pictures; ends with a line break."""
    return _environment(html=False).get_template("scoring.md.j2").render(blocks=blocks_of(parts_of(report)))


def report_html(report: MarketReport, pictures: Sequence[Picture] = ()) -> str:
    """The report as one HTML file without any outside resource; `pictures` stand below the table of all assets."""
    top = sections_of(parts_of(report))
    for section in top.sections:
        for below in section.sections:
            if below.heading.text == ILLUSTRATED:
                below.blocks.extend(pictures)
    return (
        _environment(html=True)
        .get_template("scoring.html.j2")
        .render(top=top, day=report.day.isoformat(), simulated=report.is_simulated, source=report.source)
    )


def report_mail(report: MarketReport) -> str:
    """The Markdown's content as the inside of an HTML mail: no links within the page, no pictures."""
    return _environment(html=True).get_template("scoring_mail.html.j2").render(parts=blocks_of(parts_of(report)))


def sections_of(parts: Sequence[layout.Part]) -> Section:
    """The tree of a report: its title, with the sections below it; rules are the page's business and left out."""
    open_: list[Section] = [Section(Heading(0, ""), "top")]
    count = 0
    for block in blocks_of(parts):
        if isinstance(block, Heading):
            count += 1
            while open_[-1].heading.level >= block.level:
                open_.pop()
            section = Section(block, f"s{count}", open_[-1].heading.is_asset)
            open_[-1].sections.append(section)
            open_.append(section)
        elif not isinstance(block, Rule):
            _holder(open_, block).blocks.append(block)
    return open_[0].sections[0]


def _holder(open_: list[Section], block: Block) -> Section:
    """A remark and the disclaimer belong to the page, not to the list before them."""
    is_last = isinstance(block, Line) and (block.is_quiet or block.label == "免责声明")
    return open_[0].sections[0].sections[-1] if is_last and open_[0].sections[0].sections else open_[-1]


def _environment(html: bool) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("etf_platform.reports", "templates"),
        autoescape=html,
        finalize=None if html else _plain,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.tests.update({name: _is_a(kind) for name, kind in KINDS.items()})
    return environment


def _is_a(kind: type[object]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, kind)


def _plain(value: object) -> object:
    """`plain_markdown`, with `>` as it is: within a line it means nothing."""
    return plain_markdown(value).replace("&gt;", ">") if isinstance(value, str) else value  # type: ignore[attr-defined]
