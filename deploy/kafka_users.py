"""The users of a stack's Kafka broker, their passwords and connections.

`broker` and `admin` are in the broker's own settings (SASL/PLAIN), so that they can connect before anything
else exists; both are super users. All others are SCRAM users, created by `deploy.prepare` with the least
rights they need.
"""

from collections.abc import Mapping

from deploy.keys import Secrets
from shared.kafka.connection import KafkaConnection

BROKER, ADMINISTRATOR = "broker", "admin"
USERS = ("intake", "tracker", "notifier", "backoffice")

Connections = Mapping[str, KafkaConnection]
"""Each user's own connection to one cluster."""

JAAS = "org.apache.kafka.common.security"


def own_connections(bootstrap_servers: str, secrets: Secrets) -> Connections:
    """Return each user's connection to the broker of a stack."""
    mechanisms = dict.fromkeys((BROKER, ADMINISTRATOR), "PLAIN") | dict.fromkeys(USERS, "SCRAM-SHA-512")
    return {
        user: KafkaConnection(
            bootstrap_servers,
            "SASL_PLAINTEXT",
            mechanism,  # type: ignore[arg-type]
            user,
            secrets[f"kafka_{user}_password"],
        )
        for user, mechanism in mechanisms.items()
    }


def scram_passwords(connections: Connections) -> dict[str, str]:
    """Return the passwords of the users to create: none on a cluster that runs elsewhere."""
    return {
        user: connections[user].password or ""
        for user in USERS
        if connections[user] != connections[ADMINISTRATOR]
    }


def broker_security(secrets: Secrets, *listeners: str) -> dict[str, str]:
    """Return the settings of the listeners CLIENTS and CONTROLLER, and of more `listeners`.

    They contain passwords.
    """
    broker, admin = secrets["kafka_broker_password"], secrets["kafka_admin_password"]
    plain = (
        f'{JAAS}.plain.PlainLoginModule required username="{BROKER}" password="{broker}" '
        f'user_{BROKER}="{broker}"'
    )
    clients = ("CLIENTS", *listeners)
    modules = {
        "scram-sha-512": f"{JAAS}.scram.ScramLoginModule required;",
        "plain": f'{plain} user_{ADMINISTRATOR}="{admin}";',
    }
    return {
        "listener.security.protocol.map": ",".join(
            f"{name}:SASL_PLAINTEXT" for name in (*clients, "CONTROLLER")
        ),
        "inter.broker.listener.name": "CLIENTS",
        "sasl.mechanism.inter.broker.protocol": "PLAIN",
        "sasl.mechanism.controller.protocol": "PLAIN",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        **{
            f"listener.name.{listener.lower()}.{mechanism}.sasl.jaas.config": module
            for listener in clients
            for mechanism, module in modules.items()
        },
        "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.controller.plain.sasl.jaas.config": f"{plain};",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{BROKER};User:{ADMINISTRATOR}",
    }


def as_properties(settings: Mapping[str, str]) -> str:
    """Return settings in the broker's file format; the last of duplicates counts."""
    return "".join(f"{name}={value}\n" for name, value in settings.items())
