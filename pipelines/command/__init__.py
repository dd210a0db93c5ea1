"""The command line that all pipelines share: options, progress, tables, exit codes."""
