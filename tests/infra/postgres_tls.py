"""A PostgreSQL server that takes nothing but TLS: Debian's, for the embedded one has none."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from deploy.postgres import _as_unprivileged, _unprivileged
from deploy.program import Program, inherited_environment, spawn, stop
from shared.database.engine import connect
from tests.eventually import eventually
from tests.infra.debian import debian_program
from tests.infra.embedded import free_ports

HBA = """\
hostssl all by_certificate 127.0.0.1/32 cert
hostssl all all 127.0.0.1/32 scram-sha-256
"""


class Authority:
    """Issues certificates; `file` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = generate_private_key(SECP256R1())
        _write(self.file, self._issue(name, self._key, ca=True).public_bytes(Encoding.PEM))

    @property
    def file(self) -> Path:
        """The certificate to trust."""
        return self._folder / f"{self._name}.crt"

    def issue(self, name: str, password: str = "") -> tuple[Path, Path]:
        """Make a certificate for `name` and its key, which `password` encrypts."""
        key = generate_private_key(SECP256R1())
        certificate_file, key_file = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        _write(certificate_file, self._issue(name, key, ca=False).public_bytes(Encoding.PEM))
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        _write(key_file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
        return certificate_file, key_file

    def _issue(self, name: str, key: EllipticCurvePrivateKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(timezone.utc)
        builder = x509.CertificateBuilder(
            _name(self._name), _name(name), key.public_key(), x509.random_serial_number()
        )
        builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(
            self._key, SHA256()
        )


@asynccontextmanager
async def postgres_with_tls(folder: Path, authority: Authority) -> AsyncIterator[int]:
    """Run it for as long as the context lasts, certified as `localhost`; return the port.

    The superuser is `postgres` with the password `secret`.
    """
    (port,) = free_ports(1)
    program = await asyncio.to_thread(_prepare, folder, authority, port)
    process = await spawn(program, folder / "log")
    try:
        await eventually(program.ready, 30)
        yield port
    finally:
        await stop(process, program)


def _prepare(folder: Path, authority: Authority, port: int) -> Program:
    binaries, owner = (
        debian_program("postgresql", "usr/lib/postgresql/*/bin/postgres").parent,
        _unprivileged(),
    )
    folder.mkdir()
    data, password = folder / "data", folder / "password"
    _write(password, b"secret")
    certificate, key = authority.issue("localhost")
    if owner:
        for file in (folder, password, certificate, key):
            os.chown(file, owner.pw_uid, owner.pw_gid)
    made = (
        str(binaries / "initdb"),
        f"--pgdata={data}",
        "--username=postgres",
        f"--pwfile={password}",
        "--auth=scram-sha-256",
        "--no-sync",
    )
    environment = inherited_environment(os.environ)
    subprocess.run(
        (*_as_unprivileged(folder), *made), cwd=folder, env=environment, check=True, capture_output=True
    )
    (data / "pg_hba.conf").write_text(HBA)
    options = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "ssl": "on",
        "ssl_cert_file": str(certificate),
        "ssl_key_file": str(key),
        "ssl_ca_file": str(authority.file),
    }

    async def ready() -> None:
        await (
            await connect(f"postgresql://postgres:secret@localhost:{port}/postgres?sslmode=require")
        ).close()

    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = (*_as_unprivileged(folder), str(binaries / "postgres"), "-D", str(data), *settings)
    return Program("postgres-tls", command, ready, folder=folder, stop_signal=signal.SIGINT)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(file: Path, content: bytes) -> None:
    file.touch(mode=0o600)
    file.write_bytes(content)
