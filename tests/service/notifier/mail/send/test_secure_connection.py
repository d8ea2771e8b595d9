"""Encrypted connections and logins."""

import asyncio
import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
import uvloop
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.notifier.mail.send.open_session import MailServer, ServerAway
from services.notifier.mail.send.send_mail import MailConnection
from services.notifier.mail.smtp_limits import limits
from shared.text.mail_address import MailboxAddress
from tests.service.notifier.builders import SENDER
from tests.service.notifier.mail_server import free_port

# aiosmtpd knows STARTTLS as encryption only, and warns where the whole connection is encrypted.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

PASSWORD = "not a secret"
TO = MailboxAddress("anna@kansalainen.example", needs_utf8=False)
MESSAGE = b"Subject: x\r\n\r\n" + b"line\r\n" * 20_000


class Taker:
    """Takes every mail."""

    def __init__(self) -> None:
        self.got: list[bytes] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        """Take it."""
        assert isinstance(envelope.content, bytes)
        self.got.append(envelope.content)
        return "250 2.0.0 Ok"


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return the contexts of a server with its own certificate, and of a client that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.timezone.utc)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    certificate = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + dt.timedelta(days=1)
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(*[True] + [False] * 4 + [True] + [False] * 3), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=pem)
    server.load_cert_chain(pem)
    return server, client


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: LoginPassword
) -> AuthResult:
    return AuthResult(success=data.password == PASSWORD.encode(), handled=True)


@asynccontextmanager
async def taking(
    tls: Literal["starttls", "tls"], context: ssl.SSLContext
) -> AsyncIterator[tuple[int, Taker]]:
    """Run a server that wants encryption and a login."""
    taker, port, loop = Taker(), free_port(), asyncio.get_running_loop()

    def speaker() -> SMTP:
        starttls = (
            {"tls_context": context, "require_starttls": True}
            if tls == "starttls"
            else {"auth_require_tls": False}
        )
        return SMTP(
            taker,
            authenticator=_authenticate,
            auth_required=True,
            hostname="mail.test",
            loop=asyncio.get_running_loop(),
            **starttls,
        )

    server = await loop.create_server(speaker, "127.0.0.1", port, ssl=context if tls == "tls" else None)
    try:
        yield port, taker
    finally:
        server.close()


async def _send_two(
    tls: Literal["starttls", "tls"], contexts: tuple[ssl.SSLContext, ssl.SSLContext], password: str
) -> int:
    async with taking(tls, contexts[0]) as (port, taker):
        connection = MailConnection(
            MailServer("127.0.0.1", port, tls, "notifier", password, contexts[1], limits=limits(5, {}))
        )
        for _ in range(2):
            assert (await connection.send(TO, MESSAGE, SENDER)).kind == "2xx"
        await connection.close()
        assert taker.got[0] == MESSAGE
        return len(taker.got)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_mails_go_over_an_encrypted_connection_after_a_login(
    tls: Literal["starttls", "tls"], contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    assert await _send_two(tls, contexts, PASSWORD) == 2


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_the_same_on_the_loop_that_the_worker_runs(
    tls: Literal["starttls", "tls"], contexts: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    assert uvloop.run(_send_two(tls, contexts, PASSWORD)) == 2


async def test_a_refused_login_or_a_stranger_s_certificate_means_that_the_server_is_away(
    contexts: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    with pytest.raises(ServerAway):
        await _send_two("tls", contexts, "wrong")
    with pytest.raises(ServerAway):
        await _send_two("starttls", (contexts[0], ssl.create_default_context()), PASSWORD)


async def _meet_a_silent_server() -> str:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connection = MailConnection(
            MailServer("127.0.0.1", silent.getsockname()[1], "tls", limits=limits(1, {}))
        )
        try:
            async with asyncio.timeout(10):
                await connection.send(TO, MESSAGE, SENDER)
        except ServerAway as away:
            return str(away)
    return "sent"


def test_a_server_that_never_shakes_hands_is_away_after_the_timeout_on_the_worker_s_loop() -> None:
    assert uvloop.run(_meet_a_silent_server()).startswith("connect: ")
