"""The services' apps with settings that connect to nothing, for reading their OpenAPI documents."""

from pathlib import Path
from typing import Any, TypeVar

from fastapi import FastAPI

from deploy.environment import Environment, Place, environments
from deploy.kafka_users import own_connections
from deploy.keys import KAFKA_USERS, SERVICES, make
from deploy.ports import ports_from
from services.intake.app import create_app as create_intake
from services.intake.settings import Settings as IntakeSettings
from services.notifier.app import create_app as create_notifier
from services.notifier.settings import Settings as NotifierSettings
from services.tracker.app import create_app as create_tracker
from services.tracker.settings import Settings as TrackerSettings
from shared.settings import OperationSettings

PORT = 8400
S = TypeVar("S", bound=OperationSettings)


def example_apps() -> dict[str, FastAPI]:
    """Return the apps by name; their resources are never opened."""
    secrets = make()
    kafka = own_connections(f"127.0.0.1:{PORT}", {f"kafka_{user}_password": user for user in KAFKA_USERS})
    place = Place(
        ports_from(PORT), kafka, {name: f"postgresql://{name}@localhost/{name}" for name in SERVICES}, Path()
    )
    given = environments(place, secrets)
    return {
        "intake": create_intake(_settings(IntakeSettings, given["intake"])),
        "tracker": create_tracker(_settings(TrackerSettings, given["tracker"])),
        "notifier": create_notifier(_settings(NotifierSettings, given["notifier"])),
    }


def _settings(kind: type[S], given: Environment) -> S:
    prefix = str(kind.model_config.get("env_prefix"))
    values: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else f"{prefix}{name}".upper()
        if variable in given:
            values[alias if isinstance(alias, str) else name] = given[variable]
    return kind(**values)
