"""Cloud Storage: our uploads and downloads compared with the client library's."""
