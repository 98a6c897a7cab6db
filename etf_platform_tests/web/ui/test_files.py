"""The page's files without a browser: policy, chart library, words, and that nothing parses markup."""

import gzip
import re
from importlib.resources import files

import pytest
import requests

STATIC = files("etf_platform") / "web" / "static"
SCRIPTS = {
    path.name: path.read_text(encoding="utf-8")
    for folder in ("js", "js/views")
    for path in (STATIC / folder).iterdir()
    if path.name.endswith(".js")
}
PARSERS = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|setTimeout\(['\"]"
LIBRARY = "/static/vendor/plotly.min.js"


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_no_script_turns_text_into_markup_or_code(name):
    assert re.findall(PARSERS, SCRIPTS[name]) == []


def test_every_word_that_is_used_is_there_in_both_languages():
    entries = dict(re.findall(r"(\w+): \[((?:'[^']*'|\"[^\"]*\"), (?:'[^']*'|\"[^\"]*\"))\]", SCRIPTS["dictionary.js"]))
    used = {word for text in SCRIPTS.values() for word in re.findall(r"\bt\('(\w+)'", text)}

    assert used - set(entries) == set()
    assert len(entries) > 150
    assert not [key for key, pair in entries.items() if "''" in pair or '""' in pair]


def test_the_policy_allows_scripts_and_requests_of_this_server_only(site):
    policy = requests.get(site.url, timeout=10).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))

    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["connect-src"] == "'self'"
    assert not re.search(r"https?:|\*|unsafe", policy)


def test_the_page_has_no_inline_script_and_names_no_other_host(site):
    page = requests.get(site.url, timeout=10).text

    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|https?://", page) == []


def test_the_chart_library_is_the_installed_one_packed_and_kept(site):
    first = requests.get(site.url + LIBRARY, timeout=30)
    again = requests.get(site.url + LIBRARY, headers={"If-None-Match": first.headers["etag"]}, timeout=10)
    plain = requests.get(site.url + LIBRARY, headers={"Accept-Encoding": "identity"}, timeout=30)

    installed = (files("plotly") / "package_data" / "plotly.min.js").read_bytes()
    assert first.content == plain.content == installed
    assert first.headers["content-encoding"] == "gzip" and "max-age=86400" in first.headers["cache-control"]
    assert int(first.headers["content-length"]) < len(installed) / 3 < len(gzip.compress(installed, 1))
    assert (again.status_code, again.content) == (304, b"")
