"""Connecting to a Cloud SQL instance of any database: its name, and the Cloud SQL Auth Proxy as a child process."""
