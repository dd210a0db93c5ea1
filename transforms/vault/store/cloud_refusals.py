"""Refusals of Cloud Storage for which no role on the bucket helps, recognised by their words, and what helps.

Source of the reasons: https://cloud.google.com/storage/docs/json_api/v1/status-codes
"""

import re

# Words with spaces or capitals, so that no bucket's name matches.
_ADVICE = (
    (
        re.compile("vpcServiceControls|VPC Service Controls"),
        "A perimeter of VPC Service Controls forbids it, whatever the roles: let those who keep it add the project "
        "that this runs in to the bucket's perimeter, or an ingress rule for the account that this runs as; the "
        "identifier in the message finds the refusal in their audit log.",
    ),
    (
        re.compile(r"insufficient authentication scopes|scope\(s\) are not authorized|ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
        "The access token lacks a scope, whatever the roles: give the VM the scope cloud-platform (`gcloud compute "
        "instances set-service-account VM --scopes=cloud-platform`, while it is stopped), or, where it is a person's, "
        "run `gcloud auth application-default login`.",
    ),
    (
        re.compile("accountDisabled|billing account|configured billing"),
        "Enable billing for the project that owns the bucket (`gcloud billing projects link PROJECT "
        "--billing-account=ACCOUNT`).",
    ),
    (
        re.compile("requester pays|user project"),
        "Buckets whose requester pays are not supported: turn it off (`gcloud storage buckets update gs://BUCKET "
        "--no-requester-pays`), or choose another bucket.",
    ),
)


def advice(words: str) -> str | None:
    """What helps against a refusal, as sentences; None for any other refusal.

    Args:
        words: The message and the reasons of an answer of 400 or 403.
    """
    return next((text for pattern, text in _ADVICE if pattern.search(words)), None)
