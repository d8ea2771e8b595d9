"""Writes the mail of one delivery.

The texts (`texts/<language>.yaml`) and the two templates are read and combined once, at the start, into a
skeleton per mail and language. Writing a mail fills a skeleton in.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.notifier.delivery import Claimed
from services.notifier.domain import auto_submitted, can_greet
from services.notifier.write.contents import Contents
from services.notifier.write.render_mail import Envelope, Skeleton, clean_line, mark, render, skeleton
from shared.crypto.follow_link import sign
from shared.events.vocabulary import LANGUAGES, TEMPLATES, Language, Template
from shared.text.moments import day, day_and_clock
from shared.text.personal_codes import hide_personal_codes
from shared.text.texts import Texts, fill, read_texts
from shared.text.work_number import grouped

TEXTS = Path(__file__).parents[1] / "texts"
TEMPLATES_FOLDER = Path(__file__).parent / "templates"
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
        self._texts = read_texts(TEXTS)
        self._skeletons = load_skeletons(self._texts)

    def write(self, mail: Claimed, contents: Contents, recipient: str) -> bytes:
        """Write one mail to `recipient`, an address as SMTP takes it.

        A henkilötunnus is masked, though the form and the console accept none: no mail may carry one.
        """
        language = cast("Language", mail.language)
        title = clean_line(hide_personal_codes(mail.service_title))
        follow = f"{self._site_url}/{language}/seuraa/{quote(sign(mail.request_id, self._link_key))}"
        values = {
            "greeting": greeting(self._texts[language], clean_line(contents.first_name)),
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


def greeting(texts: Texts, first_name: str) -> str:
    """Greet by first name, or without one if it may not be used."""
    hello = texts.common.hello_name if can_greet(first_name) else texts.common.hello
    return str(hello.format(name=first_name))


def load_skeletons(texts: Mapping[Language, Texts]) -> Mapping[tuple[str, str, bool, bool], Skeleton]:
    """Make the skeletons by template, language, whether there is a text, and whether an answer is promised.

    A missing text raises, so that the service does not start without it.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES_FOLDER),
        autoescape=lambda name: bool(name) and not str(name).startswith("plain"),  # noqa: S701  everything but plain text is escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {
        (template, language, has_text, answer_promised): _load(
            environment,
            language,
            texts[language],
            template,
            has_text=has_text,
            answer_promised=answer_promised,
        )
        for template in TEMPLATES
        for language in LANGUAGES
        for has_text in (False, True)
        for answer_promised in (False, True)
    }


def _load(
    environment: Environment,
    language: Language,
    texts: Texts,
    template: Template,
    *,
    has_text: bool,
    answer_promised: bool,
) -> Skeleton:
    steps = _steps(texts, template, answer_promised=answer_promised)
    places = {name: Markup(mark(name)) for name in PLACES}  # noqa: S704  a mark; its value is escaped when it is filled in
    known = {
        **places,
        "mail": texts.mails[template],
        "language": language,
        "has_text": has_text,
        "common": texts.common,
    }
    due = Markup(f"<strong>{mark('due')}</strong>")  # noqa: S704  as above
    phone = Markup(PHONE_LINK)  # noqa: S704  a constant
    html = environment.get_template("ticket.html.jinja").render(
        known, steps=[fill(step, phone=phone, due=due) for step in steps]
    )
    plain = environment.get_template("plain.txt.jinja").render(
        known, steps=[step.format(phone=PHONE, due=mark("due")) for step in steps]
    )
    return skeleton(language, texts.mails[template].subject, plain, html)


def _steps(texts: Texts, template: Template, *, answer_promised: bool) -> Sequence[str]:
    """Return what happens next. Only a receipt can promise an answer."""
    steps: Sequence[str] = texts.mails[template].steps
    promise = texts.mails[template].get("answer_step") if answer_promised else None
    return [*steps, promise] if promise else steps
