"""What earlier versions wrote still opens.

Rows, cookies, claims, mails and records, also after a new key was put in front.
"""

import base64
import json
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import UUID

import pytest
from joserfc.jwk import OKPKey
from pydantic import SecretStr

from services.identity.browser import BrowserCookie
from services.identity.keys import Keys
from services.identity.settings import Settings
from services.notifier.write.contents import Contents, ContentsBox
from services.tracker.personal_data.at_rest import AtRest
from shared.auth.session import CookieBox
from shared.crypto.sealing import Opener, generate_private_key
from shared.settings import all_key_bytes

WRITTEN: dict[str, str] = json.loads((Path(__file__).parent / "written_before_key_ids.json").read_text())
REQUEST, GRANT = UUID(WRITTEN["request_id"]), UUID(WRITTEN["grant_id"])
NEW = base64.urlsafe_b64encode(b"n" * 32).decode()


def keys(name: str) -> list[tuple[str, ...]]:
    return [(WRITTEN[name],), (NEW, WRITTEN[name]), (WRITTEN[name], NEW)]


def raw(*texts: str) -> list[bytes]:
    return all_key_bytes(SecretStr(", ".join(texts)))


def stored(name: str) -> bytes:
    return base64.urlsafe_b64decode(WRITTEN[name])


@pytest.mark.parametrize("data_keys", keys("data_key"))
def test_a_personal_code_in_trackers_table(data_keys: tuple[str, ...]) -> None:
    at_rest = AtRest(raw(*data_keys), b"i" * 32)
    assert at_rest.decrypt(stored("personal_code"), REQUEST) == "131052-308T"
    assert not at_rest.box.is_under_newest(stored("personal_code"))


@pytest.mark.parametrize("session_keys", keys("session_key"))
def test_a_session_cookie(session_keys: tuple[str, ...]) -> None:
    assert CookieBox(raw(*session_keys), WRITTEN["cookie_name"]).open(WRITTEN["cookie"]) == {
        "sent": "ä",
        "n": 1,
    }


@pytest.mark.parametrize("session_keys", [(WRITTEN["session_key"],), (NEW, WRITTEN["session_key"])])
def test_claims_a_pseudonym_and_the_browsers_cookie_of_identity(session_keys: tuple[str, ...]) -> None:
    signing = SecretStr(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    settings = SimpleNamespace(
        session_key=SecretStr(",".join(session_keys)),
        subject_key=None,
        signing_key=signing,
        id_token_key=None,
    )
    identity = Keys(cast("Settings", settings))
    assert identity.open_claims(stored("claims"), GRANT) == {"sub": "x", "name": "Matti Meikäläinen"}
    assert identity.pseudonym("131052-308T") == WRITTEN["pseudonym"]
    cookie = BrowserCookie(identity.cookies, "browser", path="/", secure=False)
    request = SimpleNamespace(cookies={"browser": WRITTEN["browser_cookie"]})
    assert cookie.read(request) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("newer", ["", generate_private_key() + ","])
def test_the_contents_of_a_mail_and_the_sealed_parts_of_a_record(newer: str) -> None:
    private_keys = newer + WRITTEN["sealing_private_key"]
    contents = Contents(email="matti@example.fi", first_name="Matti", text="Valmis")
    assert ContentsBox(private_keys).unlock(stored("contents"), WRITTEN["mail"]) == contents
    opener = Opener(private_keys)
    assert opener.open(WRITTEN["form"], purpose="form", request_id=REQUEST) == b'{"person": "Matti"}'
    assert (
        opener.open(WRITTEN["contact"], purpose="contact", request_id=REQUEST)
        == b'{"email": "matti@example.fi"}'
    )
