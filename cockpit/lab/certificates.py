"""Certificates of a lab whose clients log in by them: an authority, and a leaf for each principal.

Never used outside the lab: the keys lie unencrypted in its folder, readable by its user alone.
"""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.lab.home import LabError, write_private

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

BEGIN = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2090, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files of one principal. `store`: key and certificate in one file, as Java takes them."""

    folder: Path
    name: str

    @property
    def authority(self) -> Path:
        """Whom to trust."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The principal's certificate."""
        return self.folder / f"{self.name}.crt"

    @property
    def key(self) -> Path:
        """Its key."""
        return self.folder / f"{self.name}.key"

    @property
    def store(self) -> Path:
        """Both."""
        return self.folder / f"{self.name}.pem"


def write_certificates(folder: Path, names: Sequence[str]) -> None:
    """A fresh authority and a certificate with `CN=name` for each, good for 127.0.0.1.

    Raises LabError where the package `cryptography` is missing.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError:
        raise LabError(
            "this lab's certificates need the Python package cryptography, which is not installed"
        ) from None

    top = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lab authority")])

    def begun(name: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(BEGIN)
            .not_valid_after(END)
        )

    authority = begun(issuer, top).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    write_private(folder / "ca.pem", _pem(authority.sign(top, hashes.SHA256())))
    here = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    for name in names:
        key = ec.generate_private_key(ec.SECP256R1())
        leaf = begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), key)
        leaf = leaf.add_extension(here, critical=False).add_extension(both, critical=False)
        certificate, secret = _pem(leaf.sign(top, hashes.SHA256())), _key_pem(key)
        tls = Tls(folder, name)
        tls.certificate.write_text(certificate)
        for path, text in ((tls.key, secret), (tls.store, secret + certificate)):
            path.touch(mode=0o600)
            path.write_text(text)


def _pem(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
