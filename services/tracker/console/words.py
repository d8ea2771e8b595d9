"""The console's words, and how it writes moments, counts and bytes."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.tracker.console.figures import MOST
from services.tracker.domain import MEANINGS, Action, Reason
from services.tracker.models import TrackedRequest
from shared.events.vocabulary import State
from shared.text.moments import HELSINKI, THIN_SPACE, clock, short_day
from shared.text.personal_codes import hide_lookalikes, hide_personal_codes

STATES: Mapping[State, str] = {
    "received": "Vastaanotettu",
    "in_progress": "Käsittelyssä",
    "waiting_for_customer": "Odottaa asiakasta",
    "resolved": "Ratkaistu",
    "rejected": "Hylätty",
    "closed": "Suljettu",
}
ACTIONS: Mapping[Action, str] = {
    "take": "Ota käsittelyyn",
    "ask_customer": "Kysy asiakkaalta",
    "customer_answered": "Asiakas vastasi",
    "resolve": "Ratkaise",
    "reject": "Hylkää",
    "close": "Sulje",
    "reopen": "Avaa uudelleen",
}
HAPPENED: Mapping[str, str] = {
    "request.registered.v1": "Pyyntö kirjattiin",
    "request.assigned.v1": "Otettiin käsittelyyn",
    "request.resolved.v1": "Ratkaistiin",
    "request.closed.v1": "Suljettiin",
    "request.reopened.v1": "Avattiin uudelleen",
    "request.message_added.v1": "Asiakas lisäsi viestin",
    "dead_letter.settled": "Lukematta jäänyt sanoma selvitettiin",
    "mail.sent.v1": "Sähköposti lähti",
    "mail.deferred.v1": "Sähköposti jäi odottamaan",
    "mail.failed.v1": "Sähköposti ei mennyt perille",
    "mail.bounced.v1": "Sähköposti palautui",
    "mail.sent_again": "Sähköposti lähetettiin uudelleen",
    "mail.settled": "Sähköpostin asia hoidettiin muuten",
    "request.contact_corrected.v1": "Sähköpostiosoite korjattiin",
    "request.erased.v1": "Sisältö poistettiin, koska säilytysaika päättyi",
}
CHANGED_TO: Mapping[str, str] = {
    "waiting_for_customer": "Kysyttiin asiakkaalta",
    "in_progress": "Asiakas vastasi",
    "rejected": "Hylättiin",
}
MAILS: Mapping[str, str] = {
    "receipt": "vastaanottoilmoitus",
    "question": "kysymys",
    "resolution": "vastaus",
    "rejection": "hylkäys",
}
ACTORS: Mapping[str, str] = {
    "citizen": "asiakas",
    "staff": "käsittelijä",
    "client": "järjestelmä",
    "system": "järjestelmä",
}
LANGUAGES: Mapping[str, str] = {"fi": "suomeksi", "sv": "ruotsiksi", "en": "englanniksi"}
QUEUES: Mapping[str, str] = {"kayttajatuki": "Käyttäjätuki"}
MESSAGES: Mapping[str, tuple[str, str, str]] = {
    "signed_out": ("Olet kirjautunut ulos", "Tälle koneelle ei jäänyt mitään.", "Kirjaudu uudelleen"),
    "session_ended": (
        "Istuntosi on päättynyt",
        "Mitään ei muutettu. Kirjaudu ja tee sama uudelleen.",
        "Kirjaudu",
    ),
    "login_away": (
        "Kirjautuminen ei juuri nyt onnistu",
        "Kirjautumispalvelu ei vastaa. Yritä hetken päästä.",
        "Yritä uudelleen",
    ),
    "login_failed": ("Kirjautuminen jäi kesken", "Aloita se alusta.", "Kirjaudu"),
    "no_role": (
        "Tunnuksellasi ei pääse tänne",
        "Konsoli on käsittelijöille. Pyydä oikeus pääkäyttäjältä.",
        "Kirjaudu toisella tunnuksella",
    ),
    "forged-form": (
        "Lomake ei kelvannut",
        "Mitään ei muutettu. Avaa sivu uudelleen ja tee sama siltä.",
        "Etusivulle",
    ),
    "not-found": ("Pyyntöä ei löydy", "Numero on väärä, tai tieto on jo poistettu.", "Etusivulle"),
    "no-such-page": ("Sivua ei löydy", "Tarkista osoite.", "Etusivulle"),
    "unavailable": (
        "Tietoihin ei juuri nyt pääse",
        "Tietokanta tai viestinvälitys ei vastaa. Yritä hetken päästä.",
        "Etusivulle",
    ),
    "no-way-back": (
        "Sanomaa ei voi lähettää takaisin",
        "Se ei tullut mistään meidän aiheestamme.",
        "Etusivulle",
    ),
    "already-redriven": ("Sanoma lähti jo takaisin", "Joku muu ehti lähettää sen.", "Etusivulle"),
    "no-longer-there": (
        "Sanomia ei enää ole",
        "Kafka ei enää säilytä niitä kaikkia. Mitään ei lähetetty.",
        "Etusivulle",
    ),
    "not-sendable": (
        "Viesti on jo lähdössä",
        "Joku muu ehti lähettää sen uudelleen, tai sitä yritetään vielä.",
        "Etusivulle",
    ),
    "contents-gone": (
        "Viestiä ei voi enää lähettää uudelleen",
        "Sen sisältöä ei enää säilytetä. Soita asiakkaalle, ja merkitse viesti hoidetuksi.",
        "Etusivulle",
    ),
    "contents-removed": (
        "Pyynnön sisältö on poistettu",
        "Säilytysaika on päättynyt, eikä pyynnöstä ole enää mitään käsiteltävää. Työnumero, tila ja ajat ovat tallessa.",
        "Etusivulle",
    ),
    "no-longer-failed": ("Viesti ei enää odota", "Se on jo lähdössä, tai se lähti.", "Etusivulle"),
    "personal-code-in-text": (
        "Jätä henkilötunnus pois",
        "Mitään ei muutettu. Merkintä jää pyynnön tapahtumiin.",
        "Etusivulle",
    ),
    "invalid-fields": (
        "Kirjoita, mitä asiakkaalle kerrottiin",
        "Mitään ei muutettu. Siitä jää merkintä pyynnön tapahtumiin.",
        "Etusivulle",
    ),
    "surprise": ("Jokin meni meillä vikaan", "Virhe on kirjattu lokiin. Yritä uudelleen.", "Etusivulle"),
}
ALARMS: Mapping[Reason, str] = {
    "skipped": "Sanomia jäi saamatta kokonaan",
    "no-number": "Pyyntöjä ilman työnumeroa",
    "no-receipt": "Pyyntöjä ilman vastaanottoilmoitusta",
    "no-mail": "Vastauksia tai kysymyksiä lähtemättä",
    "mail-failed": "Perille menemättömiä viestejä",
    "returned-mail-unsettled": "Palautuneita viestejä liian kauan hoitamatta",
    "unpublished": "Tapahtumia julkaisematta",
    "unsendable": "Tapahtumia, joita ei voi julkaista",
    "spool": "Pyyntöjä välivarastossa",
    "dead-letter": "Lukematta jääneitä sanomia",
    "lag": "Sanomien lukija jäljessä",
    "canary": "Koepyyntö ei kulkenut perille",
    "alarm-undelivered": "Hälytyksiä, jotka eivät menneet perille",
    "not-removed": "Säilytysaika ohi, sisältö poistamatta",
    "numbers-low": "Työnumerot käymässä vähiin (prosenttia käytetty)",
    "unknown": "Osa palvelusta ei vastaa",
}
AWAY: Mapping[str, str] = {
    "spool": "Välivarasto ei vastaa",
    "kafka": "Kafka ei vastaa",
    "database": "Tietokanta ei vastaa",
}
"""What the alarm `unknown` is about, by its place."""
NONE: Mapping[State, str] = {
    "received": "Ei vastaanotettuja pyyntöjä.",
    "in_progress": "Ei käsittelyssä olevia pyyntöjä.",
    "waiting_for_customer": "Ei asiakasta odottavia pyyntöjä.",
    "resolved": "Ei ratkaistuja pyyntöjä.",
    "rejected": "Ei hylättyjä pyyntöjä.",
    "closed": "Ei suljettuja pyyntöjä.",
}
REPLIES: Mapping[str, str] = {
    "4xx": "palvelin ei ottanut vielä vastaan",
    "5xx": "palvelin ei ota vastaan; osoite voi olla väärä",
    "connection": "palvelimeen ei saatu yhteyttä",
    "bad-address": "osoite ei kelpaa",
    "unwritable": "viestiä ei voitu kirjoittaa",
    "unknown": "syytä ei kerrottu",
}
SET_ASIDE: Mapping[str, str] = {
    "not-from-intake": "Sanoma ei tullut asiointisivulta",
    "unreadable": "Sanomaa ei voi lukea",
    "no-event": "Sanoma ei ole tapahtuma",
    "unknown-type": "Tapahtuman tyyppiä ei tunneta",
    "bad-data": "Tapahtuman tiedot eivät kelpaa",
    "bad-form": "Lomake ei kelpaa",
    "bad-contents": "Viestin sisältö ei kelpaa",
    "bad-command-text": "Komennon teksti ei kelpaa",
    "cannot-open": "Salattu osa ei aukea",
    "unknown-sealing-key": "Salauksen avainta ei tunneta",
    "handler-failed": "Käsittely ei onnistunut",
    "unknown": "Syytä ei kerrottu",
}
BOUNCED: Mapping[str, str] = {
    "hard": "Sähköposti palautui",
    "soft": "Sähköposti on myöhässä",
    "unclear": "Sähköpostiin tuli vastaus, jota ei tunnistettu",
}
RETURNED: Mapping[str, str] = {
    "5.1": "osoitetta ei ole",
    "4.2": "postilaatikkoon ei mahtunut",
    "5.2": "postilaatikko ei ota vastaan",
    "5.7": "vastaanottaja torjui viestin",
}
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
"""An enhanced status code (RFC 3463), as a report about a mail gives it."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONGEST_VALUE = 4_000


def moment(when: datetime, now: datetime) -> str:
    """Write when something was: `klo 9.41` today, `eilen`, `pe 20.11.`."""
    days = (now.astimezone(HELSINKI).date() - when.astimezone(HELSINKI).date()).days
    return clock(when) if days == 0 else "eilen" if days == 1 else short_day(when)


def deadline(when: datetime, now: datetime) -> str:
    """Write until when: `tänään klo 8.00`, `to 26.11. klo 9.41`."""
    today = when.astimezone(HELSINKI).date() == now.astimezone(HELSINKI).date()
    return f"{'tänään' if today else short_day(when)} {clock(when)}"


def duration(length: timedelta) -> str:
    """Write a length: `40 min`, `3 h`, `1 pv 3 h`."""
    if length < HOUR:
        return f"{max(int(length / timedelta(minutes=1)), 1)} min"
    days, rest = divmod(length, DAY)
    hours = int(rest / HOUR)
    return f"{hours} h" if not days else f"{days} pv {hours} h" if hours else f"{days} pv"


def age(length: timedelta) -> str:
    """Write how long something has waited: `24 s`, `40 min`, `1 pv 3 h`."""
    return f"{max(int(length.total_seconds()), 0)} s" if length < timedelta(minutes=2) else duration(length)


def count(number: int) -> str:
    """Write a count; what was counted only so far ends with a plus."""
    return f"{MOST - 1}+" if number >= MOST else f"{number:,}".replace(",", THIN_SPACE)


def queue_name(queue: str) -> str:
    """Write a queue's name."""
    return QUEUES.get(queue, queue.replace("-", " ").capitalize())


def is_late(request: TrackedRequest, now: datetime) -> bool:
    """Say whether we are late; while a question waits for the customer's answer, we are not."""
    return MEANINGS[request.state].ours and request.due_at < now


def happened(kind: str, state: str | None, bounce: str | None = None) -> str:
    """Write what a line of the timeline tells."""
    return BOUNCED.get(bounce or "") or HAPPENED.get(kind) or CHANGED_TO.get(state or "") or kind


def known_of(note: str | None) -> str:
    """Write what is known of a request that is overdue: how its mail stands, why that came back, or why a dead letter was put aside."""
    kind, _, reply = (note or "").partition(" ")
    happened_last = HAPPENED.get(kind)
    if happened_last is None and STATUS.fullmatch(note or ""):
        return returned_because(note, None)
    if happened_last is None:
        return set_aside_because(note) if note else "ei mitään vielä"
    return f"{happened_last}: {reason_of(reply)}" if reply else happened_last


def set_aside_because(reason: str) -> str:
    """Write why a record became a dead letter, with the slug that the log and the API have."""
    return f"{SET_ASIDE[reason]} ({reason})" if reason in SET_ASIDE else hide_lookalikes(reason)


def reason_of(reply: str | None) -> str:
    """Write why a mail did not go: the class of the mail server's answer in words, and its codes where they follow."""
    kind, _, codes = (reply or "unknown").partition(" ")
    if kind not in REPLIES:
        return hide_lookalikes(reply or "")
    return f"{REPLIES[kind]} ({hide_lookalikes(codes)})" if codes else REPLIES[kind]


def returned_because(status: str | None, bounce: str | None) -> str:
    """Write why a mail came back, or is late, with the code that was reported."""
    late = (
        "toimitus viivästyy"
        if bounce == "soft"
        else "vastausta ei tunnistettu"
        if bounce == "unclear"
        else ""
    )
    reason = late or RETURNED.get((status or "")[:3], "viesti ei mennyt perille")
    return f"{reason} ({status})" if status else reason


def safe_value(value: bytes | None) -> str:
    """Write bytes from anywhere: as text, nothing unprintable, no henkilötunnus, not endless."""
    text = hide_lookalikes((value or b"").decode(errors="replace"))
    shown = "".join(
        letter if letter.isprintable() or letter == "\n" else f"\\x{ord(letter):02x}"
        for letter in text[:LONGEST_VALUE]
    )
    return shown if len(text) <= LONGEST_VALUE else f"{shown} …"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "deadline": deadline,
    "duration": duration,
    "age": age,
    "count": count,
    "queue_name": queue_name,
    "reason_of": reason_of,
    "returned_because": returned_because,
    "set_aside_because": set_aside_because,
    "hide_codes": hide_lookalikes,
    "hide_personal_codes": hide_personal_codes,
}
