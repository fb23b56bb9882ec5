"""A certificate that this machine signs for itself, so that the page is a secure context on another one's screen.

Nobody vouches for it: a browser warns once, and remembers what the person decided. Therefore it is kept for a year,
beside the key that signs cookies.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from imu.app.live.security import is_private, write_private
from imu.errors import StorageError, UsageError

VALID = timedelta(days=365)
"""Safari takes 825 days at most, and asks for the extended key usage below (Apple, "Requirements for trusted
certificates in iOS 13 and macOS 10.15")."""
LEFT = timedelta(days=1)


def certificate(folder: Path, names: Collection[str]) -> tuple[Path, Path]:
    """The files of certificate and key for names and addresses; made anew where there are none that will do.

    Raises:
        UsageError: The package cryptography is not installed.
        StorageError: They could not be written.
    """
    try:
        import cryptography  # noqa: F401, PLC0415 (part of the extra)
    except ModuleNotFoundError:
        raise UsageError(
            "--tls needs the package cryptography; install the extra: pip install 'imu-back-extension[live]' (in a "
            "clone: pip install -e '.[live]')."
        ) from None
    paths = folder / "live-certificate.pem", folder / "live-certificate-key.pem"
    if not _will_do(*paths, names):
        try:
            for path, data in zip(paths, _make(names), strict=True):
                write_private(path, data)
        except OSError as error:
            raise StorageError(
                f"{error.strerror or error}: the certificate could not be written below {folder}; leave out --tls, or "
                "set XDG_STATE_HOME to a folder that can be written."
            ) from None
    return paths


def _will_do(certificate: Path, key: Path, names: Collection[str]) -> bool:
    """Whether both are there, of one another, the owner's alone, in time, and name all names."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    with contextlib.suppress(OSError, ValueError, TypeError, x509.ExtensionNotFound):
        known = x509.load_pem_x509_certificate(certificate.read_bytes())
        said = known.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        valid = known.not_valid_before_utc <= datetime.now(UTC) <= known.not_valid_after_utc - LEFT
        own = load_pem_private_key(key.read_bytes(), None).public_key() == known.public_key()
        return valid and own and set(_said(names)) <= set(said) and is_private(key)
    return False


def _said(names: Collection[str]) -> list[Any]:
    from cryptography import x509  # noqa: PLC0415

    def said(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    return [said(name) for name in sorted(names)]


def _make(names: Collection[str]) -> tuple[bytes, bytes]:
    """Certificate and key as PEM: an elliptic-curve key (P-256), which every browser takes."""
    from cryptography import x509  # noqa: PLC0415
    from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "imu live")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LEFT)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName(_said(names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(pem), plain
