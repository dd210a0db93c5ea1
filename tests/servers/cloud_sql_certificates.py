"""The certificates of a Cloud SQL instance for tests: a CA, the server's, and those that clients get for an hour."""

from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID

LIFE = timedelta(hours=1)


class Authority:
    """Signs certificates, as an instance's own CA does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = named("Cloud SQL Server CA of a test")
        self.pem = self._signed(self._name, self._key.public_key(), is_ca=True)

    def certificate(self, name: str, key: CertificatePublicKeyTypes) -> str:
        """A certificate for a key, in PEM."""
        return self._signed(named(name), key, is_ca=False)

    def _signed(self, subject: x509.Name, key: CertificatePublicKeyTypes, is_ca: bool) -> str:
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder(self._name, subject, key, x509.random_serial_number())
            .not_valid_before(now - LIFE)
            .not_valid_after(now + LIFE)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def named(name: str) -> x509.Name:
    """A subject with nothing but a name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def new_key() -> tuple[CertificatePublicKeyTypes, str]:
    """A public key, and the private one in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.public_key(), pem.decode()
