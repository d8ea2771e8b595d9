"""The site's pure rules.

Opening hours, how Finns write, texts in three languages, the session's cookie, contrasts.
"""

import re
from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from services.intake.site.form_page import mask
from services.intake.site.identify import Destination
from services.intake.site.opening_hours import phone_hours
from shared.auth.session import COOKIE_LIMIT, SESSION_ID, CookieBox, EncryptedSession
from shared.events.vocabulary import LANGUAGES
from shared.look.look import static_folder
from shared.text.moments import HELSINKI, clock, day, day_and_clock, short_day
from shared.text.texts import fill

KEY = bytes(range(32))


def helsinki(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("now", "is_open", "changes_at", "days"),
    [
        ("2026-11-24T09:41", True, "2026-11-24T16:00", 0),
        ("2026-11-24T07:59", False, "2026-11-24T08:00", 0),
        ("2026-11-24T16:00", False, "2026-11-25T08:00", 1),
        ("2026-11-27T17:00", False, "2026-11-30T08:00", 3),  # over a weekend
        ("2026-12-23T18:00", False, "2026-12-28T08:00", 5),  # over Christmas and the weekend
        ("2026-04-02T16:30", False, "2026-04-07T08:00", 5),  # over Easter
        ("2026-06-19T10:00", False, "2026-06-22T08:00", 3),  # midsummer's eve
        ("2026-05-14T10:00", False, "2026-05-15T08:00", 1),  # Ascension Day
    ],
)
def test_the_phone_is_answered_on_weekdays_from_8_to_16_by_the_helsinki_clock(
    now: str, is_open: bool, changes_at: str, days: int
) -> None:
    hours = phone_hours(helsinki(now).astimezone(timezone.utc))
    assert (hours.open, hours.changes_at, hours.opens_in_days) == (is_open, helsinki(changes_at), days)


def test_days_and_times_are_written_as_finns_write_them() -> None:
    when = datetime(2026, 11, 26, 7, 41, tzinfo=timezone.utc)
    assert (clock(when), clock(when, "sv"), clock(when, "en")) == ("klo 9.41", "kl. 9.41", "at 9:41")
    assert (day(when), day(when, "sv"), day(when, "en")) == (
        "torstaina 26.11.",
        "torsdagen den 26 november",
        "Thursday 26 November",
    )
    assert (short_day(when), short_day(when, "en")) == ("to 26.11.", "Thu 26 Nov")
    assert day_and_clock(when) == "26.11.2026 klo 9.41"


def test_a_personal_identity_code_is_shown_only_up_to_its_birth_part() -> None:
    assert mask("081181-9984") == "081181-••••"
    assert mask("081101A998X") == "081101A••••"


def test_what_is_filled_into_a_text_is_escaped() -> None:
    assert fill("<strong>{name}</strong>", name="<script>") == "<strong>&lt;script&gt;</strong>"


@given(
    st.dictionaries(
        st.text(max_size=20).filter(lambda name: name != "expires"), st.text(max_size=50), max_size=5
    )
)
def test_a_session_comes_back_as_it_was_and_shows_nothing_outside(session: dict[str, str]) -> None:
    box = CookieBox([KEY], "asiointi")
    assert box.open(box.seal(session)) == session
    assert re.fullmatch(r"[A-Za-z0-9_-]+", box.seal({"code": "131052-308T"}))


@given(st.text(max_size=200))
def test_any_other_cookie_is_an_empty_session(cookie: str) -> None:
    assert CookieBox([KEY], "asiointi").open(cookie) == {}


def test_a_cookie_of_another_key_or_name_or_age_is_an_empty_session(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = CookieBox([KEY], "asiointi").seal({"identity": "x"})
    assert CookieBox([KEY[::-1]], "asiointi").open(sealed) == {}
    assert CookieBox([KEY], "other").open(sealed) == {}
    monkeypatch.setattr(
        "shared.auth.session.time.time", lambda: datetime.now(timezone.utc).timestamp() + 30 * 60 + 1
    )
    assert CookieBox([KEY], "asiointi").open(sealed) == {}


async def test_a_session_that_outgrows_a_cookie_keeps_the_identity_and_drops_what_was_sent() -> None:
    async def app(scope: Scope, _: Receive, send: Send) -> None:
        scope["session"].update({"identity": "Anna", "sent": {"1": "x" * COOKIE_LIMIT}})
        await send({"type": "http.response.start", "status": 200, "headers": []})

    written: list[Message] = []

    async def send(message: Message) -> None:
        written.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    await EncryptedSession(app, [KEY], secure=True)({"type": "http", "headers": []}, receive, send)
    cookie = dict(written[0]["headers"])[b"set-cookie"].decode()
    assert all(flag in cookie for flag in ("__Host-", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"))
    kept = CookieBox([KEY], "__Host-asiointi").open(cookie.partition("=")[2].partition(";")[0])
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", kept.pop(SESSION_ID))
    assert kept == {"identity": "Anna"}


@given(st.text(max_size=60))
def test_a_forged_state_leads_to_a_language_of_ours(state: str) -> None:
    assert Destination.from_state(state).language in LANGUAGES


def test_a_state_leads_its_own_tab_back() -> None:
    assert Destination.from_state(Destination("sv", "verokorttiasiat").as_state()) == Destination(
        "sv", "verokorttiasiat"
    )


PAIRS = [
    *[(text, ground, 4.5) for text in ("ink", "muted", "link", "alert") for ground in ("paper", "card")],
    ("on-action", "action", 4.5),
    ("on-action", "action-strong", 4.5),
    ("on-panel", "panel", 4.5),
    ("on-panel", "panel-lit", 4.5),
    ("on-panel-muted", "panel", 4.5),
    ("on-mist", "mist", 4.5),
    ("ink", "mist", 4.5),
    ("on-berry", "berry", 4.5),
    ("on-wait", "wait", 4.5),
    ("alert", "alert-ground", 4.5),
    ("ink", "alert-ground", 4.5),
    ("ink", "field", 4.5),
    ("muted", "field", 4.5),
    ("field-border", "field", 3),
    ("field-border", "paper", 3),
    ("focus", "paper", 3),
    ("link", "paper", 3),
]


def colours(scheme: str) -> dict[str, str]:
    """Return the tokens of `light`, `dark` or `print`."""
    sheet = (static_folder / "tokens.css").read_text()
    light, dark, printed = re.split(r"@media [^{]+\{", sheet)
    own = {"light": "", "dark": dark, "print": printed}[scheme]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", light + own))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_pair_of_colours_has_the_contrast_it_needs(scheme: str) -> None:
    tokens = colours(scheme)
    for text, ground, least in PAIRS:
        if scheme == "print" and ground in {"panel-lit", "action-strong"}:
            continue  # what is hovered or lit is not printed
        darker, lighter = sorted((luminance(tokens[text]), luminance(tokens[ground])))
        assert (lighter + 0.05) / (darker + 0.05) >= least, (text, ground)
