"""A tracker to test: settings with keys of the tests' own, and requests as intake would send them."""

import base64
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import SecretStr
from uuid_utils.compat import uuid7

from services.tracker.personal_data.keyring import Keyring, read_keyring
from services.tracker.settings import Settings as TrackerSettings
from shared.crypto.record_mac import RecordSigner
from shared.crypto.sealing import Opener, Sealer, generate_private_key, public_key_of
from shared.events.envelope import Envelope, Message, encode
from shared.events.event import Event
from shared.events.request_submitted import RequestSubmitted
from shared.kafka.connection import KafkaConnection

MIGRATIONS = Path(__file__).parents[3] / "services" / "tracker" / "migrations"
TRACKER_KEY, NOTIFIER_KEY = generate_private_key(), generate_private_key()
TO_TRACKER, TO_NOTIFIER = Sealer(public_key_of(TRACKER_KEY)), Sealer(public_key_of(NOTIFIER_KEY))
NOTIFIER = Opener(NOTIFIER_KEY)
INTAKE = RecordSigner([b"r" * 32])
NOW = datetime.now(timezone.utc)
HETU = "131052-308T"
PERSON = {
    "first_name": "Matti",
    "last_name": "Meikäläinen",
    "personal_identity_code": HETU,
    "email": "Matti.Meikalainen@example.fi",
    "phone": "+358401234567",
}
ANSWERS = [{"field": "invoice_number", "label": "Laskun numero", "value": "12345 – \U0001f9fe"}]


NO_KAFKA = KafkaConnection("127.0.0.1:9")


def make_key(letter: str) -> SecretStr:
    return SecretStr(base64.urlsafe_b64encode(letter.encode() * 32).decode())


def make_settings(
    dsn: str = "postgresql://nobody@127.0.0.1:9/nothing", kafka: KafkaConnection = NO_KAFKA, **changes: object
) -> TrackerSettings:
    """Return settings whose keys are the same in every test, because the tests share a broker."""
    facts = {
        "kafka_bootstrap_servers": kafka.bootstrap_servers,
        "database_url": SecretStr(dsn),
        "public_url": "http://tracker.test",
        "sealing_private_keys": SecretStr(TRACKER_KEY),
        "notifier_sealing_key": public_key_of(NOTIFIER_KEY),
        "record_keys": make_key("r"),
        "data_key": make_key("d"),
        "index_key": make_key("i"),
        "work_number_key": make_key("w"),
        "link_key": make_key("l"),
        "oidc_issuer": "http://127.0.0.1:9",
        "oidc_client_secret": SecretStr("secret of console"),
        "session_key": make_key("s"),
        "log_level": "INFO",
    }
    return TrackerSettings.model_validate(facts | changes)


def make_keyring() -> Keyring:
    return read_keyring(make_settings())


def submission(
    request_id: UUID | None = None,
    *,
    digest: str = "d1",
    person: dict[str, Any] | None = None,
    form: bytes | None = None,
    sealed_form: str | None = None,
    **changes: object,
) -> Envelope[Event]:
    """Make what intake sends; `form` are the bytes under the seal, `changes` go into the event."""
    request_id = request_id or UUID(str(uuid7()))
    content = (
        json.dumps({"person": PERSON | (person or {}), "answers": ANSWERS}).encode() if form is None else form
    )
    facts = {
        "service": "kysy-laskusta",
        "service_title": "Fråga om en faktura",
        "service_title_fi": "Kysy tai ilmoita laskuun liittyen",
        "role": "person",
        "language": "sv",
        "authentication": "none",
        "channel": "site",
        "queue": "laskut",
        "due_at": NOW + timedelta(days=5),
        "retention_days": 365,
        "submitted_at": NOW,
        "body_digest": digest,
        "sealed_form": sealed_form or TO_TRACKER.seal(content, purpose="form", request_id=request_id),
        "sealed_contact": TO_NOTIFIER.seal(b"{}", purpose="contact", request_id=request_id),
    }
    event = RequestSubmitted.model_validate({"request_id": request_id, **facts, **changes})
    return Envelope(
        event, "/asiointi/intake", str(request_id), NOW, f"00-{request_id.hex}-00f067aa0ba902b7-01"
    )


def signed(envelope: Envelope[Event]) -> Message:
    """Return the record as intake sends it."""
    return INTAKE.sign(encode(envelope))
