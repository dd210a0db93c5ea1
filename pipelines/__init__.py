"""The pipelines: options, one checked configuration, `build`, `main`."""
