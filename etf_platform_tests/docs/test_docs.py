"""What the documents say exists: links, files, commands."""

import re
from pathlib import Path

import click
import pytest

from etf_platform.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

pytestmark = pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="the documents are only in a checkout")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))

    missing = [t for t in targets if not re.match(r"https?:|data:", t) and not (page.parent / t).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_of_a_page_exist(page):
    text = page.read_text(encoding="utf-8")
    spoken = {tuple(words.split()) for words in re.findall(r"etf-platform ((?:[a-z]+ ?){1,2})", text)}

    for words in spoken:
        assert resolves(words), f"etf-platform {' '.join(words)}"


def resolves(words: tuple[str, ...]) -> bool:
    command: click.Command | None = main
    context = click.Context(main)
    for word in words:
        if not isinstance(command, click.Group):
            return True
        command = command.get_command(context, word)
        if command is None:
            return False
    return True


def test_readme_opens_with_the_two_commands():
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)

    assert "etf-platform demo" in blocks[0] and "pip install" in blocks[0]
    assert "pytest" in blocks[1] and "pip install" in blocks[1]


def test_changelog_tells_which_numbers_moved():
    assert "### Numbers" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_decision_record_has_its_four_parts():
    for page in sorted((ROOT / "docs" / "adr").glob("*.md")):
        text = page.read_text(encoding="utf-8").lower()
        for part in ("context", "decision", "consequences", "change our mind"):
            assert part in text, f"{page.name} lacks {part}"
