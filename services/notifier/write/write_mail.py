"""Writes the mail of one delivery: reads the templates once at the start, and then fills their skeletons."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast, get_args
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.notifier.delivery import Claimed
from services.notifier.domain import auto_submitted, greeting
from services.notifier.write.contents import Contents
from services.notifier.write.render_mail import Envelope, Skeleton, clean_line, mark, render, skeleton
from shared.crypto.follow_link import sign
from shared.events.vocabulary import Language, Template
from shared.text.moments import day, day_and_clock
from shared.text.personal_codes import hide_personal_codes
from shared.text.work_number import grouped

MAILS = Path(__file__).parents[1] / "mails"
PHONE, PHONE_LINK = (
    "020 6399 400",
    '<a class="link" href="tel:+358206399400" style="color:#0a5c45;white-space:nowrap">020 6399 400</a>',
)
PLACES = ("greeting", "number", "title", "submitted", "text", "link")


class MailWriter:
    """Writes mails as ready bytes; links in them lead to `site_url` and are signed with `link_key`."""

    def __init__(self, *, sender: str, site_url: str, link_key: bytes) -> None:
        self._sender = sender
        self._site_url = site_url.rstrip("/")
        self._link_key = link_key
        self._skeletons = load_skeletons()

    def write(self, mail: Claimed, contents: Contents, recipient: str) -> bytes:
        """Write one mail to `recipient`, the address as SMTP takes it; a henkilötunnus in it is covered, whoever let it through."""
        language = cast("Language", mail.language)
        title = clean_line(hide_personal_codes(mail.service_title))
        follow = f"{self._site_url}/{language}/seuraa/{quote(sign(mail.request_id, self._link_key))}"
        values = {
            "greeting": greeting(clean_line(contents.first_name), language),
            "number": grouped(mail.work_number),
            "title": title,
            "submitted": day_and_clock(mail.submitted_at, language),
            "due": day(mail.due_at, language),
            "text": hide_personal_codes(contents.text.strip()),
            "link": follow,
        }
        how = auto_submitted(mail.template)
        envelope = Envelope(
            self._sender,
            recipient,
            mail.message_id,
            mail.thread_id,
            mail.work_number,
            title,
            mail.occurred_at,
            how,
        )
        skeleton_of = self._skeletons[mail.template, language, bool(values["text"]), contents.answer_promised]
        return render(skeleton_of, envelope, values)


def load_skeletons() -> Mapping[tuple[str, str, bool, bool], Skeleton]:
    """Read every template in every language, with and without a text and the promise of an answer; a fault in one stops the start."""
    environment = Environment(
        loader=FileSystemLoader(MAILS),
        autoescape=lambda name: bool(name) and not str(name).startswith("plain"),  # noqa: S701  everything but plain text is escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {
        (template, language, has_text, answer_promised): _load(
            environment, template, language, has_text=has_text, answer_promised=answer_promised
        )
        for template in get_args(Template)
        for language in get_args(Language)
        for has_text in (False, True)
        for answer_promised in (False, True)
    }


def _load(
    environment: Environment, template: Template, language: Language, *, has_text: bool, answer_promised: bool
) -> Skeleton:
    source = environment.get_template(f"{template}.{language}.jinja")
    places = {name: Markup(mark(name)) for name in PLACES}  # noqa: S704  a mark; its value is escaped when it is filled in
    known = {**places, "language": language, "has_text": has_text, "answer_promised": answer_promised}
    html = source.render(
        known,
        layout="ticket.html.jinja",
        due=Markup(f"<strong>{mark('due')}</strong>"),  # noqa: S704  as above
        phone=Markup(PHONE_LINK),  # noqa: S704  as above
    )
    plain = source.render(known, layout="plain.txt.jinja", due=mark("due"), phone=PHONE)
    return skeleton(language, source.render(known, layout="subject.txt.jinja", due="", phone=""), plain, html)
