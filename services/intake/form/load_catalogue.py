"""Reads the catalogue from its YAML files, one per service, and checks it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from services.intake.form.catalogue import GROUPS, Catalogue, Service

FOLDER = Path(__file__).parents[1] / "catalogue"
COMMON_FIELDS = "_common_fields.yaml"
LOADER = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
"""The one written in C reads the catalogue ten times as fast: in milliseconds at each start."""
COMPANY_SUFFIX = "-yritys"


class InvalidCatalogue(Exception):
    """A catalogue file is invalid; the message names every file and place."""


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """Read every file of a folder.

    Raises `InvalidCatalogue` that names file and field of every error.
    """
    errors: list[str] = []
    common = _read(folder / COMMON_FIELDS)
    services: list[Service] = []
    for file in sorted(folder.glob("[!_]*.yaml")):
        try:
            services += _services_of(_read(file), common, file.stem)
        except ValidationError as error:
            errors += [
                f"{file.name}: {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}"
                for fault in error.errors()
            ]
        except InvalidCatalogue as error:
            errors.append(str(error))
    if not services and not errors:
        errors.append(f"{folder}: no services")
    if errors:
        raise InvalidCatalogue("\n".join(errors))
    shown = sorted((service for service in services if not service.hidden), key=_place)
    catalogue = Catalogue(services=shown, hidden=[service for service in services if service.hidden])
    _check_quick_links(catalogue)
    return catalogue


def _services_of(content: dict[str, Any], common: dict[str, Any], code: str) -> Iterator[Service]:
    """Yield a service per role; the file's own fields come after the common ones."""
    roles: Sequence[Any] = content.get("roles") or [None]
    for role in roles:
        company = role == "company"
        unasked = {
            *content.get("leaves_out", []),
            *(["personal_identity_code"] if company and content.get("authentication") != "strong" else []),
        }
        person = [field for field in common["person"] if field["name"] not in unasked]
        fields = [*person, *(common["company"] if company else []), *content.get("fields", [])]
        variant = (
            {"quick_link": None, "code": code + COMPANY_SUFFIX}
            if company and len(roles) > 1
            else {"code": code}
        )
        yield Service.model_validate({**content, **variant, "roles": [role], "fields": fields})


def _read(file: Path) -> dict[str, Any]:
    try:
        content = yaml.load(file.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  both are safe
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidCatalogue(f"{file.name}: {error}") from error
    if not isinstance(content, dict):
        raise InvalidCatalogue(f"{file.name}: a mapping is needed")
    return content


def _place(service: Service) -> tuple[bool, int, int]:
    return service.role == "company", GROUPS.index(service.group), service.order


def _check_quick_links(catalogue: Catalogue) -> None:
    numbers = [service.quick_link for service in catalogue.quick_links()]
    if len(set(numbers)) != len(numbers):
        raise InvalidCatalogue(f"quick_link: a number is given twice: {numbers}")
