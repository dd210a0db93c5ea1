"""What the pipelines are made of; no module here knows a database outside that database's own folder."""
