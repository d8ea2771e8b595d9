"""Every way to connect that the settings offer, against a broker that demands it."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.kafka_users import as_properties
from shared.events.envelope import Message
from shared.events.topics import DAY_MS, Topic
from shared.kafka.access import ensure_access
from shared.kafka.connection import KafkaConnection, OAuthClient
from shared.kafka.group import group_consumer
from shared.kafka.lag import LagReader
from shared.kafka.producer import EventProducer, KafkaUnavailable
from shared.kafka.scram_request import AlterScramUsers
from shared.kafka.topics import ensure_topics
from tests.eventually import eventually
from tests.infra.authority import Authority, authority
from tests.infra.embedded import JARS, free_ports, running
from tests.infra.serving import free_socket, serving
from tests.infra.token_endpoint import Tokens

SECURITY = "org.apache.kafka.common.security"
SHA_256 = 1
TOPIC = Topic("secured", 1, DAY_MS)


@dataclass(frozen=True)
class Secured:
    """A running broker: how each of its listeners is to be connected to."""

    connections: dict[str, KafkaConnection]
    under_another_name: KafkaConnection
    tokens: Tokens
    theirs: Authority


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    ours, theirs = authority(folder / "ours"), authority(folder / "theirs")
    place, address = free_socket()
    tokens = Tokens(address)
    port, controller, *ports = free_ports(7)
    names = ("SCRAM", "TLS", "MUTUAL", "OAUTH", "STRANGER")
    at = {name: f"127.0.0.1:{number}" for name, number in zip(names, ports, strict=True)}
    program = kafka_program(folder / "kafka", class_path(JARS), port, controller)
    settings = _listeners(f"127.0.0.1:{port}", f"127.0.0.1:{controller}", at) | _tls(ours) | _tokens(address)
    with (folder / "kafka" / "server.properties").open("a") as properties:
        properties.write(as_properties(settings))
    allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={address}/jwks"
    java, *rest = program.command
    certificate, key = ours.issue("client")
    scram = {"sasl_mechanism": "SCRAM-SHA-512", "username": "tracker", "password": "first"}
    async with (
        serving(tokens.app(), place),
        running(replace(program, command=(java, allowed, *rest)), folder / "kafka"),
    ):
        open_to_all = KafkaConnection(f"127.0.0.1:{port}")
        await ensure_topics(open_to_all, [TOPIC])
        await ensure_access(open_to_all, {"tracker": "first"}, [])
        await _sha_256(open_to_all, "short", "second")
        yield Secured(
            {
                "scram-512": KafkaConnection(at["SCRAM"], "SASL_PLAINTEXT", **scram),  # type: ignore[arg-type]
                "scram-256": KafkaConnection(
                    at["SCRAM"], "SASL_PLAINTEXT", "SCRAM-SHA-256", "short", "second"
                ),
                "plain": KafkaConnection(at["SCRAM"], "SASL_PLAINTEXT", "PLAIN", "static", "third"),
                "scram over tls": KafkaConnection(at["TLS"], "SASL_SSL", **scram, ca_file=ours.file),  # type: ignore[arg-type]
                "certificates": KafkaConnection(
                    at["MUTUAL"], "SSL", ca_file=ours.file, certificate_file=certificate, key_file=key
                ),
                "tokens": KafkaConnection(
                    at["OAUTH"],
                    "SASL_PLAINTEXT",
                    "OAUTHBEARER",
                    oauth=OAuthClient(f"{address}/token", "tracker", "secret", "kafka.write"),
                ),
            },
            KafkaConnection(at["STRANGER"], "SSL", ca_file=ours.file),
            tokens,
            theirs,
        )


def _listeners(first: str, controller: str, at: dict[str, str]) -> dict[str, str]:
    protocols = {
        "CLIENTS": "PLAINTEXT",
        "CONTROLLER": "PLAINTEXT",
        "SCRAM": "SASL_PLAINTEXT",
        "TLS": "SASL_SSL",
    }
    protocols |= {"MUTUAL": "SSL", "OAUTH": "SASL_PLAINTEXT", "STRANGER": "SSL"}
    every = {"CLIENTS": first, **at}
    return {
        "listeners": ",".join(
            f"{name}://{place}" for name, place in {**every, "CONTROLLER": controller}.items()
        ),
        "advertised.listeners": ",".join(f"{name}://{place}" for name, place in every.items()),
        "listener.security.protocol.map": ",".join(
            f"{name}:{protocol}" for name, protocol in protocols.items()
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "true",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256",
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN",
        "listener.name.scram.plain.sasl.jaas.config": (
            f'{SECURITY}.plain.PlainLoginModule required user_static="third";'
        ),
        **{
            f"listener.name.{listener}.scram-sha-{bits}.sasl.jaas.config": (
                f"{SECURITY}.scram.ScramLoginModule required;"
            )
            for listener in ("scram", "tls")
            for bits in (256, 512)
        },
    }


def _tls(ours: Authority) -> dict[str, str]:
    settings = {"listener.name.mutual.ssl.client.auth": "required"}
    for listener, host in (("tls", "127.0.0.1"), ("mutual", "127.0.0.1"), ("stranger", "127.0.0.2")):
        certificate, key = ours.issue(listener, host)
        store = ours.folder / f"{listener}.store"
        store.write_text(Path(key).read_text() + Path(certificate).read_text())
        settings |= {
            f"listener.name.{listener}.ssl.keystore.type": "PEM",
            f"listener.name.{listener}.ssl.keystore.location": str(store),
            f"listener.name.{listener}.ssl.truststore.type": "PEM",
            f"listener.name.{listener}.ssl.truststore.location": ours.file,
        }
    return settings


def _tokens(address: str) -> dict[str, str]:
    prefix = "listener.name.oauth"
    return {
        f"{prefix}.sasl.enabled.mechanisms": "OAUTHBEARER",
        f"{prefix}.oauthbearer.sasl.jaas.config": f"{SECURITY}.oauthbearer.OAuthBearerLoginModule required;",
        f"{prefix}.oauthbearer.sasl.server.callback.handler.class": (
            f"{SECURITY}.oauthbearer.OAuthBearerValidatorCallbackHandler"
        ),
        f"{prefix}.oauthbearer.sasl.oauthbearer.jwks.endpoint.url": f"{address}/jwks",
        f"{prefix}.oauthbearer.sasl.oauthbearer.expected.audience": "kafka",
        f"{prefix}.oauthbearer.sasl.oauthbearer.expected.issuer": address,
        f"{prefix}.oauthbearer.connections.max.reauth.ms": "3600000",
    }


async def _sha_256(kafka: KafkaConnection, user: str, password: str) -> None:
    admin, salt = AIOKafkaAdminClient(**kafka.client_options()), os.urandom(32)
    await admin.start()
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
    await admin._send_to_controller(AlterScramUsers([(user, SHA_256, 4096, salt, salted, {})]))  # noqa: SLF001  as the product sends it
    await admin.close()


@pytest.mark.parametrize(
    "name", ["scram-512", "scram-256", "plain", "scram over tls", "certificates", "tokens"]
)
async def test_producer_group_and_lag_connect(secured: Secured, name: str) -> None:
    kafka, value = secured.connections[name], os.urandom(8)
    async with EventProducer(kafka, "test") as producer:
        await producer.send(TOPIC.name, Message(b"k", value, []))
        await producer.check()
    await ensure_topics(kafka, [TOPIC])
    async with group_consumer(kafka, f"group of {name}", [TOPIC.name]) as consumer:

        async def arrived() -> bool:
            polled = await consumer.getmany(timeout_ms=200)
            return value in {record.value for records in polled.values() for record in records}

        await eventually(arrived)
    async with LagReader(kafka) as lags:
        assert {lag.behind > 0 for lag in await lags.read({f"group of {name}": [TOPIC.name]})} == {True}


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("scram-512", {"password": "guess"}),
        ("scram-512", {"username": "nobody"}),
        ("plain", {"password": "guess"}),
        ("scram over tls", {"ca_file": None}),
        ("certificates", {"certificate_file": None, "key_file": None}),
        ("tokens", {"oauth": OAuthClient("http://127.0.0.1:9/token", "tracker", "secret")}),
    ],
)
async def test_without_the_right_proof_there_is_no_connection(
    secured: Secured, name: str, changes: dict[str, Any]
) -> None:
    await refused(replace(secured.connections[name], **changes))


async def test_a_broker_of_another_authority_or_under_another_name_is_not_trusted(secured: Secured) -> None:
    over_tls = secured.connections["scram over tls"]
    await refused(replace(over_tls, ca_file=secured.theirs.file))
    await refused(secured.under_another_name)


async def refused(kafka: KafkaConnection) -> None:
    producer = AIOKafkaProducer(**kafka.client_options(), request_timeout_ms=3_000)
    try:
        with pytest.raises((KafkaError, OSError)):
            async with asyncio.timeout(10):
                await producer.start()
    finally:
        await producer.stop()
    async with EventProducer(kafka, "refused") as ours:
        with pytest.raises(KafkaUnavailable):
            await ours.send(TOPIC.name, Message(b"k", b"{}", []), within=0.5)


async def test_a_token_is_kept_while_it_is_good_and_fetched_again_before_it_expires(secured: Secured) -> None:
    kafka, tokens = secured.connections["tokens"], secured.tokens
    tokens.scopes.clear()
    provider = kafka.client_options()["sasl_oauth_token_provider"]
    assert len({await provider.token() for _ in range(3)}) == 1
    assert tokens.scopes == ["kafka.write"]
    tokens.seconds = 20
    provider = kafka.client_options()["sasl_oauth_token_provider"]
    await asyncio.gather(*(provider.token() for _ in range(2)))
    tokens.seconds = 300
    assert len(tokens.scopes) == 3
