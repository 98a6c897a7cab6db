"""One file per service: a module-level `Channel` each; this folder is the registry."""
