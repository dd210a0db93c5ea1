"""The room of Cloud Bigtable."""
