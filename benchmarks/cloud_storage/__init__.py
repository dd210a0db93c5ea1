"""Cloud Storage: our uploads and downloads beside the client library's own."""
