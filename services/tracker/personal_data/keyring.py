"""Tracker's keys, made ready once."""

from dataclasses import dataclass

from services.tracker.personal_data.at_rest import AtRest
from services.tracker.settings import Settings
from shared.crypto.keys import derive_key
from shared.crypto.record_mac import RecordSigner, RecordVerifier
from shared.crypto.sealing import EpochSealer, Opener, public_key_of
from shared.settings import all_key_bytes, key_bytes


@dataclass(frozen=True, slots=True)
class Keyring:
    """`public_key` is what others seal to, `opener` opens it; `to_notifier` seals what the mails need."""

    opener: Opener
    public_key: str
    to_notifier: EpochSealer
    record_verifier: RecordVerifier
    record_signer: RecordSigner
    at_rest: AtRest
    work_number_key: bytes
    link_key: bytes
    reads_key: bytes


def read_keyring(settings: Settings) -> Keyring:
    """Make the keys of the settings ready; `ValueError` where a sealing key is none."""
    private_keys = settings.sealing_private_keys.get_secret_value()
    return Keyring(
        opener=Opener(private_keys),
        public_key=public_key_of(private_keys.split(",")[0].strip()),
        to_notifier=EpochSealer(settings.notifier_sealing_key),
        record_verifier=RecordVerifier(all_key_bytes(settings.record_keys)),
        record_signer=RecordSigner(all_key_bytes(settings.record_keys)),
        at_rest=AtRest(all_key_bytes(settings.data_key), key_bytes(settings.index_key)),
        work_number_key=key_bytes(settings.work_number_key),
        link_key=key_bytes(settings.link_key),
        reads_key=derive_key(key_bytes(settings.index_key), b"asiointi/tracker/reads/1"),
    )
