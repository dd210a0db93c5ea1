"""What the pipelines share towards people: options, progress, tables, exit codes."""
