"""TLS to PostgreSQL by the address alone, for bare asyncpg and for the pool alike."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from asyncpg.exceptions import InvalidAuthorizationSpecificationError
from sqlalchemy import text

from shared.database.engine import connect, open_database, ping
from tests.infra.postgres_tls import Authority, postgres_with_tls

USED = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"


@dataclass(frozen=True)
class TlsServer:
    """A running server, who certified it, and somebody whom it does not know."""

    port: int
    authority: Authority
    stranger: Authority

    def address(self, query: str, host: str = "localhost", account: str = "postgres:secret") -> str:
        """Write an address; `{ca}` and `{stranger}` stand for the authorities' files."""
        filled = query.format(ca=self.authority.file, stranger=self.stranger.file)
        return f"postgresql://{account}@{host}:{self.port}/postgres?{filled}"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TlsServer]:
    """Return a running server."""
    folder = tmp_path_factory.mktemp("tls")
    for each in (folder, *folder.parents[:2]):
        each.chmod(0o755)
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    authority.file.chmod(0o644)
    async with postgres_with_tls(folder / "server", authority) as port:
        yield TlsServer(port, authority, stranger)


@pytest.mark.parametrize(
    ("query", "host"),
    [
        ("", "localhost"),
        ("sslmode=prefer", "localhost"),
        ("sslmode=allow", "localhost"),
        ("sslmode=require", "localhost"),
        ("sslmode=require&channel_binding=prefer", "127.0.0.1"),
        ("sslmode=verify-ca&sslrootcert={ca}", "127.0.0.1"),
        ("sslmode=verify-full&sslrootcert={ca}", "localhost"),
    ],
)
async def test_an_address_with_tls_connects_both(server: TlsServer, query: str, host: str) -> None:
    address = server.address(query, host)
    connection = await connect(address)
    assert await connection.fetchval(USED) is True
    await connection.close()
    async with open_database(address) as sessions:
        await ping(sessions)
        async with sessions() as session:
            assert await session.scalar(text(USED)) is True


@pytest.mark.parametrize(
    ("query", "host", "error"),
    [
        ("sslmode=disable", "localhost", InvalidAuthorizationSpecificationError),
        ("sslmode=require&sslrootcert={stranger}", "localhost", ssl.SSLCertVerificationError),
        ("sslmode=verify-ca&sslrootcert={stranger}", "localhost", ssl.SSLCertVerificationError),
        ("sslmode=verify-full&sslrootcert={ca}", "127.0.0.1", ssl.SSLCertVerificationError),
        ("sslrootcert=system", "localhost", ssl.SSLCertVerificationError),
    ],
)
async def test_what_an_address_demands_is_not_given_up(
    server: TlsServer, query: str, host: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await connect(server.address(query, host))


async def test_a_client_certificate_stands_for_a_password(server: TlsServer) -> None:
    admin = await connect(server.address("sslmode=require"))
    await admin.execute("create role by_certificate login")
    await admin.close()
    certificate, key = server.authority.issue("by_certificate", password="of the key")
    query = f"sslmode=verify-full&sslrootcert={{ca}}&sslcert={certificate}&sslkey={key}"
    query += "&sslpassword=of%20the%20key"
    address = server.address(query, account="by_certificate")
    connection = await connect(address)
    assert await connection.fetchval("select current_user") == "by_certificate"
    await connection.close()
    async with open_database(address) as sessions:
        await ping(sessions)
    with pytest.raises(InvalidAuthorizationSpecificationError):
        await connect(server.address("sslmode=require", account="by_certificate"))
