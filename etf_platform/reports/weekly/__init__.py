"""Markdown of the weekly pack: one module per artefact, from its JSON document to text."""
