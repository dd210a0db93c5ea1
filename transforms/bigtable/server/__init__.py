"""Reaching one instance: its name, the channel, credentials, when a call is repeated, what errors mean."""
