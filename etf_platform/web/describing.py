"""The API described on one page of plain HTML, made from the OpenAPI document: no script, nothing from elsewhere."""

from html import escape
from typing import Any

from fastapi import FastAPI

Shape = dict[str, Any]
STYLE = """
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:70rem;margin:1rem auto;padding:0 1rem}
summary{cursor:pointer;padding:.3rem 0}summary code{font-weight:600}table{border-collapse:collapse;margin:.3rem 0 .8rem}
td,th{text-align:left;vertical-align:top;padding:.15rem .8rem .15rem 0;border-bottom:1px solid #8884}
.m{display:inline-block;width:4.5rem;font-weight:700}.GET{color:#0a7d52}.POST,.PUT{color:#b45309}.DELETE{color:#c22}
"""


def describe(app: FastAPI) -> str:
    """Every operation with its parameters and the fields of its answer, by tag."""
    document = app.openapi()
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for tag in operation.get("tags", ["other"]):
                groups.setdefault(tag, []).append(_operation(document, path, method.upper(), operation))
    parts = [f"<h2>{escape(tag)}</h2>{''.join(found)}" for tag, found in groups.items()]
    about = escape(document["info"]["description"]).replace("\n\n", "<p>")
    title = f"{escape(document['info']['title'])} {escape(document['info']['version'])}"
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    machine = '<p><a href="/openapi.json">OpenAPI document</a> · <a href="/">page</a>'
    return (
        f"<!doctype html><html lang=en>{head}<style>{STYLE}</style><h1>{title}</h1><p>{about}{machine}{''.join(parts)}"
    )


def _operation(document: Shape, path: str, method: str, operation: Shape) -> str:
    said = escape(operation.get("description") or operation.get("summary", ""))
    asked = [
        (
            p["name"],
            p["in"],
            _type(p.get("schema", {})),
            p.get("description") or p.get("schema", {}).get("description", ""),
        )
        for p in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    link = f' <a href="{escape(path, quote=True)}">ask</a>' if method == "GET" and "{" not in path else ""
    return (
        f"<details><summary><span class='m {method}'>{method}</span> <code>{escape(path)}</code> {said}</summary>"
        f"{link}{_table('Parameters', asked)}{_fields('Body', document, body or {})}"
        f"{_fields('Answer', document, answer)}</details>"
    )


def _fields(title: str, document: Shape, schema: Shape) -> str:
    """Fields of an object, or of the objects of a list."""
    found = _resolved(document, schema)
    if found.get("type") == "array":
        title, found = f"{title}: list of", _resolved(document, found.get("items", {}))
    rows = [
        (name, "", _type(_resolved(document, one)), one.get("description", ""))
        for name, one in found.get("properties", {}).items()
    ]
    inner = found.get("properties", {}).get("items", {})
    return _table(title, rows) + (_fields("items", document, inner) if inner else "")


def _table(title: str, rows: list[tuple[str, str, str, str]]) -> str:
    cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}" for cell in row) for row in rows)
    return f"<table><tr><th colspan=4>{escape(title)}{cells}</table>" if rows else ""


def _type(schema: Shape) -> str:
    options = schema.get("anyOf")
    if options:
        return " or ".join(_type(option) for option in options)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    name = schema.get("$ref", "").rpartition("/")[2] or schema.get("format") or schema.get("type", "any")
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([str(name), *bounds, *([f"= {schema['default']}"] if "default" in schema else [])])


def _resolved(document: Shape, schema: Shape) -> Shape:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: Shape = document["components"]["schemas"][name] if name else schema
    return found
