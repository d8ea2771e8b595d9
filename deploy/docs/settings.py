"""Generates docs/settings.md: every environment variable, from the settings classes."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from deploy.docs.markdown import code, document, section, table
from deploy.docs.type_name import type_name
from deploy.prepare import PrepareSettings
from services.identity.settings import Settings as IdentitySettings
from services.intake.settings import Settings as IntakeSettings
from services.notifier.settings import Settings as NotifierSettings
from services.tracker.settings import Settings as TrackerSettings
from shared.kafka.settings import KafkaSettings
from shared.settings import DatabaseSettings, Key, Keys, OperationSettings

INTRODUCTION = """A secret has no default. What is missing or wrong stops the boot, with the variable's
name. A *key* is 32 bytes as base64url; *keys* are one or more of them, comma separated, newest first
([how they are changed](security.md#changing-keys)). What is written as a JSON object or a list is JSON,
unless its text says otherwise. `./run` and compose set what is needed by themselves."""
SERVICES: Mapping[str, type[OperationSettings]] = {
    "intake": IntakeSettings,
    "identity": IdentitySettings,
    "tracker": TrackerSettings,
    "notifier": NotifierSettings,
}
READ_BY_OTHERS = (
    (
        "FORWARDED_ALLOW_IPS",
        "uvicorn",
        (
            "The proxies whose word counts for who calls. Behind a proxy set it: without it everybody "
            "counts as one caller, and intake and identity "
            "log `proxy_not_named` at the start. Requests, identifications, look-ups, drafts and event "
            "streams are limited by caller; failed staff "
            "logins too, 30 in 10 minutes, and of one name 5 in a row; a device on which a name has logged "
            "in before (a signed cookie, half a "
            "year) is counted alone"
        ),
    ),
    (
        "SSL_CERT_FILE",
        "OpenSSL",
        "Authorities to trust instead of the system's, where no setting names others",
    ),
    (
        "CRASH_POINTS",
        "every process",
        "A folder of crash points, for `./chaos` ([proof.md](proof.md)); unset they do nothing",
    ),
    (
        "DATABASE_URL",
        "`./run`",
        "A PostgreSQL of your own: an administrator's address, written as `<S>_DATABASE_URL`",
    ),
)
HEAD = ("variable", "type, default", "what")


def describe_settings() -> str:
    """Return the document."""
    return document(
        "Settings",
        INTRODUCTION,
        section("Every process", _rows(OperationSettings, without=())),
        section(
            "Every process with Kafka: all but identity",
            _rows(KafkaSettings, without=OperationSettings.model_fields),
        ),
        section(
            "Every process with a database",
            _rows(DatabaseSettings, without=OperationSettings.model_fields, prefix="<S>_"),
        ),
        *(section(name.capitalize(), _rows(kind, without=_shared())) for name, kind in SERVICES.items()),
        section(
            "`python -m deploy.prepare`, as Kafka's administrator", _rows(PrepareSettings, without=_shared())
        ),
        section(
            "Read by others",
            table(("variable", "read by", "what"), [(code(name), *rest) for name, *rest in READ_BY_OTHERS]),
        ),
    )


def variable(kind: type[BaseSettings], name: str) -> str:
    """Return the environment variable of a field."""
    alias = kind.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"{kind.model_config.get('env_prefix', '')}{name}".upper()


def _shared() -> set[str]:
    return {*KafkaSettings.model_fields, *DatabaseSettings.model_fields}


def _rows(kind: type[BaseSettings], *, without: Collection[str], prefix: str = "") -> str:
    fields = {name: field for name, field in kind.model_fields.items() if name not in without}
    return table(
        HEAD,
        (
            (
                code(variable(kind, name) if field.validation_alias else prefix + variable(kind, name)),
                _type(field),
                field.description or "",
            )
            for name, field in fields.items()
        ),
    )


def _type(field: FieldInfo) -> str:
    kind = _key(field.annotation, field.metadata) or type_name(field.annotation)
    if field.is_required():
        return f"{kind}; needed"
    default = _default(field.get_default(call_default_factory=True, validated_data={}))
    return f"{kind}; {default}" if default else kind


def _key(annotation: object, metadata: Sequence[object] = ()) -> str | None:
    """Return whether a setting is one key or several; an optional setting is named by its other type."""
    found = [
        *metadata,
        *(each for kind in get_args(annotation) for each in getattr(kind, "__metadata__", ())),
    ]
    return next((name for name, kind in (("key", Key), ("keys", Keys)) if get_args(kind)[1] in found), None)


def _default(value: object) -> str:
    if (
        value is PydanticUndefined
        or value is None
        or isinstance(value, SecretStr)
        or value in ("", (), frozenset(), {})
    ):
        return ""
    if isinstance(value, Mapping):
        return code(",".join(f"{name}={each}" for name, each in value.items()))
    return code(
        value.value if isinstance(value, Enum) else f"{value:g}" if isinstance(value, float) else value
    )
