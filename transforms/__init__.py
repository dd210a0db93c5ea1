"""The building blocks of pipelines; only the modules in a database's own folder know that database."""
