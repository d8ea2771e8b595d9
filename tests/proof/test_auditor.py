"""The auditor finds nothing where nothing is lost, and each loss where one is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from proof.chaos.audit.evidence import AlarmRow, DeadLetterRow, Evidence, Fault, Login, Record, RequestRow
from proof.chaos.audit.verdict import PROMISES, judge
from tests.proof.evidence_builders import (
    KILL,
    NUMBERS,
    TEXT,
    broken_promises,
    clean_evidence,
    history,
    lifecycle,
    mail,
    request_of,
    submit,
)

Change = Callable[[Evidence], Evidence]


def without_mail(evidence: Evidence) -> Evidence:
    return replace(evidence, mails=evidence.mails[1:])


def without_record(evidence: Evidence, kind: str, order: int) -> Evidence:
    return replace(evidence, records=[each for each in evidence.records if each.id != f"{kind}-{order}"])


def never_registered(evidence: Evidence) -> Evidence:
    gone = without_record(evidence, "registered", 3)
    return replace(
        gone,
        requests=gone.requests[:2],
        history=[row for row in gone.history if row.request_id != request_of(3)],
        mails=[*gone.mails[:2], *gone.mails[3:]],
    )


def stranger(evidence: Evidence) -> Evidence:
    row = RequestRow("request-9", "300000003", "fi", "kuka@muualla.example", "received")
    return replace(
        evidence,
        requests=[*evidence.requests, row],
        records=[
            *evidence.records,
            replace(
                lifecycle(3, "registered", 30),
                id="x",
                data={"request_id": "request-9", "work_number": "300000003"},
            ),
        ],
    )


def failed_mail(order: int, at: float) -> Record:
    """Return the outcome of a receipt that failed for good."""
    return Record(
        "mail.outcomes",
        0,
        50,
        at,
        request_of(order),
        "mail.failed.v1",
        "f",
        {"request_id": request_of(order)},
    )


CASES: dict[str, Change] = {
    "without_number": never_registered,
    "second_numbers": lambda e: replace(
        e,
        records=[
            *e.records,
            lifecycle(2, "assigned", 40, data={"request_id": request_of(2), "work_number": "999999999"}),
        ],
    ),
    "shared_numbers": lambda e: replace(
        e, requests=[*e.requests[:2], replace(e.requests[2], work_number=NUMBERS[1])]
    ),
    "second_requests": lambda e: replace(e, submits=[*e.submits, submit(2, request_id="request-other")]),
    "half_registered": lambda e: without_record(e, "registered", 2),
    "strangers": stranger,
    "without_receipt": without_mail,
    "logins_held_up": lambda e: replace(e, logins=[Login(422, 60.0, 61.0), Login(422, 60.0, 90.0)]),
    "stood_still": lambda e: replace(
        e,
        faults=[KILL, Fault("twice-frozen", "tracker-worker", 0.9, 26.0)],
        mails=[mail(n, at=40.0) for n in NUMBERS],
    ),
    "failed_without_cause": lambda e: replace(e, records=[*e.records, failed_mail(2, at=50.0)]),
    "wrong_address": lambda e: replace(
        e,
        submits=[
            *e.submits,
            submit(2, body="other", email="toinen-2@chaos.example", reply="refused", status=409),
        ],
        mails=[*e.mails, mail(2, to="toinen-2@chaos.example")],
    ),
    "wrong_number": lambda e: replace(e, mails=[*e.mails, mail(2, at=2.4, numbers=frozenset({"111111111"}))]),
    "wrong_language": lambda e: replace(
        e, mails=[*e.mails[:1], replace(e.mails[1], words="sv"), *e.mails[2:]]
    ),
    "stray_mails": lambda e: replace(e, mails=[*e.mails, mail(2, at=9.0, to="joku@muu.example")]),
    "unexplained_repeats": lambda e: replace(e, mails=[*e.mails, mail(2, at=9.0)]),
    "second_messages": lambda e: replace(
        e, mails=[*e.mails, mail(2, at=9.0, message_id="<another@kunta.example>")]
    ),
    "second_deliveries": lambda e: replace(e, deliveries=[*e.deliveries, e.deliveries[0]]),
    "unpublished": lambda e: without_record(e, "resolved", 1),
    "out_of_order": lambda e: replace(
        e, records=[*without_record(e, "resolved", 1).records, lifecycle(1, "resolved", 0)]
    ),
    "mails_out_of_order": lambda e: replace(e, mails=[mail(1, at=8.0), *e.mails[1:]]),
    "resolutions_missing": lambda e: replace(e, mails=e.mails[:-1]),
    "second_resolutions": lambda e: replace(
        e, history=[*e.history, replace(history(1, 10, "resolved", TEXT), event_id="resolved-again")]
    ),
    "wrong_resolutions": lambda e: replace(
        e, history=[*e.history[:-1], history(1, 9, "resolved", "Jotain muuta")]
    ),
    "poison_lost": lambda e: replace(
        e, records=[each for each in e.records if not each.key.startswith("poison")], dead_letters=[]
    ),
    "dead_letters_missing": lambda e: replace(
        e, records=[each for each in e.records if not each.topic.endswith("dead-letter")]
    ),
    "dead_letters_extra": lambda e: replace(
        e,
        records=[
            *e.records,
            replace(
                e.records[-1],
                offset=1,
                headers={
                    "dead_letter_topic": "mail.outcomes",
                    "dead_letter_partition": "0",
                    "dead_letter_offset": "1",
                },
            ),
        ],
    ),
    "dead_letters_unseen": lambda e: replace(e, dead_letters=[]),
    "dead_letters_twice": lambda e: replace(
        e, dead_letters=[DeadLetterRow("requests.submitted", 3, 7, "tracker.submitted")] * 2
    ),
    "never_sent": lambda e: replace(e, no_page=frozenset({9})),
    "second_ids": lambda e: replace(e, submits=[*e.submits, submit(2, request_id="request-other")]),
    "invalid_accepted": lambda e: replace(e, submits=[*e.submits, submit(7, manner="invalid")]),
    "valid_refused": lambda e: replace(
        e, submits=[*e.submits, submit(8, reply="refused", status=422, request_id=None)]
    ),
    "conflicts_not_told": lambda e: replace(
        e, submits=[*e.submits, submit(2, body="other", email="toinen-2@chaos.example")]
    ),
    "errors_without_fault": lambda e: replace(
        e, submits=[*e.submits, submit(8, reply="failed", status=500, request_id=None)]
    ),
    "still_spooled": lambda e: replace(e, spooled=1),
    "ledger_differs": lambda e: replace(e, ledger={**(e.ledger or {}), "numbered": 2}),
    "silent_waits": lambda e: replace(e, mails=[replace(e.mails[0], at=e.mails[0].at + 100), *e.mails[1:]]),
}


def test_where_nothing_is_lost_nothing_is_found() -> None:
    verdict = judge(clean_evidence())
    assert verdict.findings == []
    assert verdict.ok
    assert verdict.figures["accepted"] == verdict.figures["numbered"] == 3
    assert (verdict.figures["dead_letters_expected"], verdict.figures["dead_letters_found"]) == (1, 1)


def test_every_promise_has_a_case_that_breaks_it() -> None:
    assert set(CASES) == set(PROMISES)


@pytest.mark.parametrize("promise", PROMISES)
def test_a_broken_promise_is_found(promise: str) -> None:
    assert promise in broken_promises(CASES[promise](clean_evidence()))


def test_a_repeat_is_explained_by_a_kill_between_the_two_and_by_no_other() -> None:
    def repeated(first: float, again: float) -> set[str]:
        world = clean_evidence()
        return broken_promises(
            replace(world, mails=[world.mails[0], mail(2, at=first), mail(2, at=again), *world.mails[2:]])
        )

    assert repeated(39.9, 47.0) == set()
    assert repeated(41.5, 47.0) == {"unexplained_repeats"}
    assert repeated(20.0, 39.0) == {"unexplained_repeats"}


@pytest.mark.parametrize(("fault", "explains"), [
    (Fault("away", "postgres", 8.0, 12.0), True),
    (Fault("freeze", "mailbox", 8.0, 12.0), True),
    (Fault("link-cut", "smtp", 8.0, 12.0), True),
    (Fault("crash", "notifier.after-mail-accepted", 9.0, 9.1), True),
    (Fault("crash", "notifier.after-mail-accepted", 9.0, 17.0, hit=False), False),
    (Fault("kill", "tracker-worker", 8.0, 12.0), False),
    (Fault("mail-refuse", "mailbox", 8.0, 12.0), False),
])  # fmt: skip
def test_only_what_can_stand_between_the_servers_word_and_the_commit_explains_a_repeat(
    fault: Fault, *, explains: bool
) -> None:
    world = clean_evidence()
    twice = replace(
        world, mails=[world.mails[0], mail(2, at=9.0), mail(2, at=14.0), *world.mails[2:]], faults=[fault]
    )
    assert (broken_promises(twice) == set()) is explains


@pytest.mark.parametrize(("accepted_again_at", "error_at", "explained"), [
    (43.0, 44.0, True),
    (65.0, 64.0, True),  # a busy machine took 23 s to start the process
    (65.0, 80.0, False),
    (43.0, 60.0, False),
    (999.0, 60.0, True),
    (999.0, 111.0, False),  # what does not come back within a minute is broken
])  # fmt: skip
def test_an_error_is_explained_until_intake_answers_again(
    accepted_again_at: float, error_at: float, *, explained: bool
) -> None:
    world = clean_evidence()
    submits = [
        *world.submits,
        submit(3, sent_at=accepted_again_at - 0.5, answered_at=accepted_again_at),
        submit(
            3, reply="unknown", status=None, request_id=None, sent_at=error_at, answered_at=error_at + 0.1
        ),
    ]
    found = broken_promises(
        replace(world, submits=submits, faults=[KILL, Fault("kill", "intake", 40.0, 42.0)])
    )
    assert ("errors_without_fault" not in found) is explained


def test_a_mail_that_the_server_kept_without_a_word_may_come_again() -> None:
    world = clean_evidence()
    first = mail(2, at=9.0)
    again = replace(
        world,
        mails=[world.mails[0], first, mail(2, at=14.0), *world.mails[2:]],
        unacknowledged=frozenset({first.file}),
    )
    verdict = judge(again)
    assert verdict.ok
    assert verdict.repeats == {"mail-hang-up-after-data": 1}


def test_what_was_told_as_failed_and_arrived_is_listed_and_is_no_fault() -> None:
    world = clean_evidence()
    failed = submit(3, reply="unknown", status=None, request_id=None, sent_at=41.0, answered_at=45.0)
    verdict = judge(
        replace(world, submits=[*world.submits[:2], failed], faults=[Fault("kill", "intake", 40.0, 42.0)])
    )
    assert verdict.ok
    assert verdict.failed_yet_registered == [3]


def test_a_mail_that_came_back_may_come_under_another_id_beside_a_copy_that_was_kept_without_a_word() -> None:
    world = clean_evidence()
    first, again = mail(2, at=9.0), mail(2, at=14.0, message_id="<2.receipt.2@kunta.example>")
    twice = replace(
        world, mails=[world.mails[0], first, again, *world.mails[2:]], unacknowledged=frozenset({first.file})
    )
    assert broken_promises(twice) == {"second_messages"}
    assert broken_promises(replace(twice, bounced=frozenset({first.message_id}))) == set()


def test_a_mail_may_fail_where_its_recipient_was_refused() -> None:
    refused = replace(
        clean_evidence(),
        faults=[KILL, Fault("mail-refuse", "mailbox", 48.0, 52.0)],
        records=[*clean_evidence().records, failed_mail(2, at=53.0)],
    )
    assert broken_promises(refused) == set()


def test_a_ledger_that_names_something_overdue_or_does_not_answer_differs() -> None:
    world = clean_evidence()
    late = {"reason": "no-receipt", "count": 1}
    assert broken_promises(
        replace(world, ledger={**(world.ledger or {}), "overdue": [*(world.ledger or {})["overdue"], late]})
    ) == {"ledger_differs"}
    assert broken_promises(replace(world, ledger=None)) == {"ledger_differs"}
    assert broken_promises(replace(world, ledger={**(world.ledger or {}), "accepted": None})) == {
        "ledger_differs"
    }


def test_a_resolution_that_nobody_heard_of_owes_its_mail_all_the_same() -> None:
    world = clean_evidence()
    unheard = replace(world, resolves=[replace(each, reply="unknown") for each in world.resolves])
    assert broken_promises(unheard) == set()
    assert "resolutions_missing" in broken_promises(
        replace(unheard, mails=[each for each in unheard.mails if TEXT.splitlines()[0] not in each.text])
    )


def test_a_long_wait_under_an_alarm_is_no_silent_one() -> None:
    world = clean_evidence()
    late = replace(
        world,
        mails=[*world.mails[:1], replace(world.mails[1], at=120.0), *world.mails[2:]],
        faults=[Fault("away", "mailbox", 1.0, 119.0)],
    )
    assert broken_promises(late) == {"silent_waits"}
    assert broken_promises(replace(late, alarms=[AlarmRow("no-receipt", "", 66.0, 125.0)])) == set()
    assert broken_promises(
        replace(
            late, alarms=[AlarmRow("no-receipt", "", 100.0, 125.0), AlarmRow("lag", "notifier", 10.0, 50.0)]
        )
    ) == {"silent_waits"}
    for reason in ("dead-letter", "mail-failed"):
        assert broken_promises(replace(late, alarms=[AlarmRow(reason, "", 1.0, None)])) == {"silent_waits"}


def test_a_run_in_which_nobody_did_anything_is_no_good_one() -> None:
    idle = Evidence(
        ordered=2, ledger={"accepted": 0, "numbered": 0, "receipted": 0, "resolved": 0, "overdue": []}
    )
    assert [(each.check, each.subject) for each in judge(idle).findings] == [
        ("never_sent", subject) for subject in ("order 0", "order 1", "resolved", "poison")
    ]


@pytest.mark.parametrize(("faults", "forgiven"), [
    ([Fault("kill", "intake", 40.0, 42.0)], True),
    ([Fault("kill", "intake", 30.0, 32.0)], False),
    ([Fault("crash", "intake.after-ack", 40.0, 41.0)], True),
    ([Fault("crash", "intake.after-ack", 40.0, 52.0, hit=False)], False),
    ([Fault("away", "kafka+postgres", 38.0, 42.0)], True),
    ([Fault("away", "kafka", 38.0, 42.0), Fault("kill", "postgres", 35.0, 38.0)], True),
    ([Fault("away", "kafka", 38.0, 42.0), Fault("kill", "postgres", 20.0, 22.0)], False),
    ([Fault("away", "kafka", 38.0, 42.0)], False),
    ([Fault("away", "postgres", 38.0, 42.0)], False),
    ([Fault("kill", "tracker-worker", 38.0, 42.0), Fault("freeze", "mailbox", 38.0, 42.0)], False),
])  # fmt: skip
def test_an_error_is_forgiven_where_neither_kafka_nor_the_spool_or_intake_itself_could_answer(
    faults: list[Fault], *, forgiven: bool
) -> None:
    world = clean_evidence()
    reply = submit(8, reply="failed", status=503, request_id=None, sent_at=41.0, answered_at=43.0)
    assert (
        broken_promises(replace(world, submits=[*world.submits, reply], faults=faults)) == set()
    ) is forgiven


def test_a_conflict_may_be_noticed_later_where_intake_could_not_know_the_key() -> None:
    world = clean_evidence()
    late = replace(
        world,
        submits=[
            *world.submits,
            submit(2, body="other", email="toinen-2@chaos.example", sent_at=41.0, answered_at=41.2),
        ],
    )
    assert broken_promises(replace(late, faults=[Fault("kill", "intake", 38.0, 40.0)])) == set()
    assert broken_promises(replace(late, faults=[Fault("kill", "notifier-worker", 38.0, 41.0)])) == {
        "conflicts_not_told"
    }


def test_recovery_counts_from_the_kill_until_the_next_order_is_mailed() -> None:
    world = clean_evidence()
    late = submit(3, sent_at=41.0, answered_at=41.2)
    verdict = judge(
        replace(
            world,
            submits=[*world.submits[:2], late],
            mails=[*world.mails[:2], mail(3, at=44.5), world.mails[3]],
        )
    )
    assert [(each.accepted, each.mailed) for each in verdict.recovery] == [(1.2, 4.5)]
