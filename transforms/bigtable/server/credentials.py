"""Which errors come from credentials, and what to do about them."""

LOGIN = (
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service"
    " account."
)

_PLUGIN = "from plugin failed"
"""Part of gRPC's message (`Getting metadata from plugin failed with error: ...`) when google-auth got no token."""

_FINAL = (
    # RFC 6749, 5.2: a token server's answers if it does not accept the credentials.
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    # google-auth, for a login that is too old for its organization's rules.
    "Reauthentication",
    # google-auth, on a machine without a service account.
    "metadata service. Status: 404",
)


def failed(details: str) -> bool:
    """Whether a call with these error details failed because there was no token."""
    return _PLUGIN in details


def refused(details: str) -> bool:
    """Whether there is no token and a retry is useless; else the metadata server or the network may recover."""
    return failed(details) and any(words in details for words in _FINAL)
