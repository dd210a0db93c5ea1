"""When credentials are the trouble, and what to do then."""

LOGIN = (
    "Run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service"
    " account."
)

_PLUGIN = "from plugin failed"
"""What gRPC says (`Getting metadata from plugin failed with error: ...`) when google-auth could get it no token."""

_FINAL = (
    # RFC 6749, 5.2: what a server of tokens answers that does not take the credentials.
    "invalid_grant",
    "invalid_client",
    "unauthorized_client",
    "invalid_scope",
    # google-auth, of a login that is too old for its organization's rules.
    "Reauthentication",
    # google-auth, of a machine without a service account.
    "metadata service. Status: 404",
)


def failed(details: str) -> bool:
    """Whether a call failed, by its details, for want of a token."""
    return _PLUGIN in details


def refused(details: str) -> bool:
    """Whether it will fail for that again; else the metadata server or the network is at fault, which may pass."""
    return failed(details) and any(words in details for words in _FINAL)
