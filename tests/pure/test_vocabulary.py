"""Every place that must know each state, action, mail and language knows each.

What is added in one place alone is named here by its test.
"""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from services.intake.form.catalogue import Text
from services.intake.texts import texts_in
from services.notifier.delivery_states import DELIVERY_STATES, EDGES, FINISHED, OPEN, DeliveryState
from services.notifier.domain import MESSAGE_ID, template_for
from services.notifier.write.write_mail import TEXTS as MAILS
from services.tracker import domain
from services.tracker.console.all_well import WORST_FIRST
from services.tracker.console.texts import read_console_texts
from services.tracker.domain import ACTIONS, COMMANDS, MAIL_OWED, TEXT_NEEDED
from services.tracker.handle.lifecycle_event import EVENT_OF, event_of
from services.tracker.handle.on_request_command import action_of
from services.tracker.ledger.overdue import REASONS
from shared.events.event import EVENTS, Event
from shared.events.request_commands import CommandWithText, RequestCommand
from shared.events.vocabulary import LANGUAGES, MEANINGS, STATES, TEMPLATES, Actor, State, Template
from shared.text.texts import read_texts

WORDS = read_console_texts()
MARKS = (Path(__file__).parents[2] / "shared" / "look" / "static" / "parts.css").read_text(encoding="utf-8")


def test_every_state_has_a_meaning_a_way_in_and_words_for_handlers() -> None:
    assert set(MEANINGS) == set(STATES) == set(WORDS.states)
    assert {edge.target for edge in domain.EDGES} | {"received"} == set(STATES)
    assert set(WORDS.changed_to) <= set(STATES)


@pytest.mark.parametrize("state", STATES)
def test_every_state_has_its_mark(state: State) -> None:
    assert re.search(rf"\.{state}\b", MARKS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_and_mail_has_words_for_citizens(language: Any) -> None:  # noqa: ANN401  a language
    follow = texts_in(language)["follow"]
    assert set(follow["states"]) - {"reopened"} == set(follow["explanations"]) - {"reopened"} == set(STATES)
    assert set(follow["texts"]) == {state for state in STATES if MEANINGS[state].mail and state != "closed"}
    assert set(follow["mail_names"]) == set(TEMPLATES)


def test_every_action_has_an_event_and_words() -> None:
    assert set(EVENT_OF) <= set(ACTIONS)
    assert set(WORDS.actions) == set(ACTIONS) - {"register"}


def test_a_back_office_can_ask_over_kafka_for_what_it_can_ask_over_http() -> None:
    commands = {kind for kind in EVENTS.values() if issubclass(kind, RequestCommand)}
    assert {action_of(command) for command in commands} == set(COMMANDS)
    with_text = {action_of(command) for command in commands if issubclass(command, CommandWithText)}
    assert with_text == set(TEXT_NEEDED)


def _states_after(action: str) -> list[State]:
    return sorted({edge.target for edge in domain.EDGES if edge.action == action}) or ["received"]


def _event(action: domain.Action, state: State) -> Event:
    kind: Any = event_of(action)
    event: Event = kind.model_construct(state=state)
    return event


@pytest.mark.parametrize("action", ACTIONS)
def test_the_mail_that_tracker_says_is_owed_is_the_one_that_notifier_makes(action: domain.Action) -> None:
    made = {template_for(_event(action, state)) for state in _states_after(action)}
    assert made == {MAIL_OWED.get(action)}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_mail_has_texts_and_a_name(template: Template) -> None:
    for language, texts in read_texts(MAILS).items():
        assert {"subject", "heading", "lead", "steps"} <= {*texts.mails.get(template, ())}, language
    assert set(WORDS.mails) == set(TEMPLATES)
    assert MESSAGE_ID.fullmatch(f"<event.{template}@example.fi>")
    assert template in {*MAIL_OWED.values()}
    assert template in {meaning.mail for meaning in MEANINGS.values()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_spoken_everywhere(language: str) -> None:
    assert language in WORDS.languages
    assert language in Text.model_fields
    assert language in read_texts(MAILS)


def test_every_actor_and_reason_has_words() -> None:
    assert set(WORDS.actors) == set(get_args(Actor))
    assert set(WORDS.overdue) == set(WORST_FIRST) == set(REASONS)


def test_every_state_of_a_delivery_is_reached_and_left() -> None:
    assert {edge.target for edge in EDGES} == set(DELIVERY_STATES) == set(OPEN) | set(FINISHED)
    left: set[DeliveryState | None] = {edge.source for edge in EDGES}
    assert left - {None} == set(DELIVERY_STATES)


def test_the_alerts_name_reasons_that_there_are() -> None:
    rules = (Path(__file__).parents[2] / "deploy" / "alerts.yaml").read_text(encoding="utf-8")
    named = {
        reason for reasons in re.findall(r'reason=~?"([a-z|-]+)"', rules) for reason in reasons.split("|")
    }
    assert named
    assert named <= set(REASONS)
