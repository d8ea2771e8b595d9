"""SQL that fills tables with three years of requests, computed from their numbers. Pure.

Nearly all are closed, only the latest are open. Request `n` of `total` is the same in both databases, because
everything is computed from `n`. Every statement takes the first number, the one after the last, and the
total; `until` is when the latest one was sent.
"""

from typing import NamedTuple

KINDS = 9_973
"""Number of different person and service combinations.

A prime, so that no kind keeps meeting the same row.
"""
MADE = f"""
    drop table if exists bench_population, bench_numbers;
    create table bench_numbers (n int primary key, work_number text not null);
    create table bench_population as
    select kind, service[1] as service, service[2] as title, service[3] as queue, first_name, last_name,
        lower(last_name || ' ' || first_name) as name_key, decode(repeat(md5('code ' || kind), 2) || 'beef',
            'hex') as personal_code,
        -- As long as HPKE makes an address and a first name.
        (select string_agg(md5(kind || ' ' || part), '') from generate_series(1, 50) part) as sealed_contact,
        (select decode(string_agg(md5(kind || ' box ' || part), ''), 'hex') from generate_series(1,
            18 + kind % 4 * 3) part) as answers_box
    from generate_series(0, {KINDS - 1}) kind,
        lateral (select (array['Aino', 'Eino', 'Maria', 'Juhani', 'Sofia', 'Mikael', 'Helena', 'Olavi',
            'Matti'])[1 + kind % 9] as first_name,
            (array['Virta', 'Korho', 'Mäki', 'Niemi', 'Laakso', 'Koski', 'Heikki', 'Salo', 'Lehto', 'Saari',
                'Ranta', 'Aalto'])[1 + kind / 9 % 12]
            || (array['nen', 'la', 'vaara', 'maa', 'lahti', 'järvi', 'harju', 'oja', 'aho', 'nen-Aho',
                'puro'])[1 + kind / 108 % 11] as last_name,
            string_to_array((array['pyyda-laskukopio|Pyydä laskukopio|laskutus',
                'tilaa-palkkatodistus|Tilaa palkkatodistus|palkat',
                'kysy-palkanmaksusta|Kysy palkanmaksusta|palkat',
                    'henkilotietojen-muutos|Henkilötietojen muutos|palvelussuhteet',
                'laheta-palautetta|Lähetä palautetta|palaute'])[1 + kind % 5], '|') as service) drawn;
    alter table bench_population add primary key (kind);
    analyze bench_population
"""  # noqa: S608  made of our own constants
YEARS = 3
OPEN, STUCK_EVERY = 4_000, 10_007
"""The latest so many are open; of the older ones one in so many, and late."""
REJECTED_EVERY = 33
SHORTENED = 300
"""Characters kept of sealed contacts more than a year old: five million requests take 20 GB instead of 30."""

REQUEST_ID = "md5('request ' || n)::uuid"
NUMBERED = f"""
    (select n, sent, state, n % {REJECTED_EVERY} = 0 as rejected, kind.* from (
        select n, $4::timestamptz - (($3 - n)::float8 / $3) * interval '{YEARS} years' as sent,
            case
                when n >= $3 - least({OPEN}, $3 / 50) then (array['received', 'in_progress',
                    'waiting_for_customer'])[1 + n % 3]
                when n % {STUCK_EVERY} = 5 then 'in_progress'
                when n < $3 - $3 / 100 then 'closed'
                when n % {REJECTED_EVERY} = 0 then 'rejected'
                else 'resolved'
            end as state
        from generate_series($1::int, $2::int - 1) n
    ) numbered join bench_population kind on kind.kind = n % {KINDS}) each
"""  # noqa: S608  made of our own constants
WAITING = "waiting_for_customer"
HANDLED = "state in ('resolved', 'rejected', 'closed')"
RESOLVED_AT = "sent + interval '20 hours'"
CLOSED_AT = "sent + interval '10 days'"
DUE_AT = "sent + interval '3 days'"
HANDLER = "'kasittelija' || n % 40"
TRACE = "'00-' || md5('trace ' || n) || '-' || left(md5('span ' || n), 16) || '-01'"

REQUESTS = f"""
    insert into requests (
        request_id, work_number, service, service_title, service_title_fi, role, language, authentication,
            channel, queue, state, assignee,
        submitted_at, registered_at, due_at, changed_at, resolved_at, closed_at, retention_days, body_digest,
            sealed_contact,
        first_name, last_name, phone, email, name_key, email_index, personal_code, personal_code_index,
            answers_box)
    select {REQUEST_ID}, work_number, service, title, title, 'person', (array['fi', 'fi', 'fi', 'sv',
        'en'])[1 + n % 5], 'none', 'site', queue,
        state, case when state <> 'received' then {HANDLER} end,
        sent, sent + interval '40 ms', {DUE_AT},
        case when state = 'closed' then {CLOSED_AT} when {HANDLED} then {RESOLVED_AT}
            else sent + interval '30 min' end,
        case when {HANDLED} and not rejected then {RESOLVED_AT} end, case
            when state = 'closed' then {CLOSED_AT} end,
        3650, md5('body ' || n), case when n > $3 - $3 / {YEARS} then sealed_contact
            else left(sealed_contact, {SHORTENED}) end,
        first_name, last_name, '0401234567', 'asiakas' || n % ($3 / 2 + 1) || '@growth.example', name_key,
        decode(md5('email ' || n % ($3 / 2 + 1)), 'hex'), personal_code, decode(md5('code ' || n %
            ($3 / 2 + 1)), 'hex'), answers_box
    from {NUMBERED} join bench_numbers using (n)
"""  # noqa: S608  as above


class Step(NamedTuple):
    """One step of a request's life, in SQL expressions.

    `where` selects the requests that took it, `text` is the text of the mail to the citizen.
    """

    action: str
    type: str
    actor: str
    state: str
    at: str
    where: str
    mail: str | None = None
    text: str = "null"


TEXT = "decode(repeat(md5('text ' || n), 3), 'hex') || gen_random_uuid()::text::bytea"
"""As long as an encrypted sentence or two."""
STEPS = (
    Step(
        "register",
        "request.registered.v1",
        "system",
        "received",
        "sent + interval '40 ms'",
        "true",
        "receipt",
    ),
    Step(
        "take",
        "request.assigned.v1",
        "staff",
        "in_progress",
        "sent + interval '10 min'",
        "state <> 'received'",
    ),
    Step(
        "ask_customer",
        "request.state_changed.v1",
        "staff",
        WAITING,
        "sent + interval '30 min'",
        f"state = '{WAITING}'",
        "question",
        TEXT,
    ),
    Step(
        "resolve",
        "request.resolved.v1",
        "staff",
        "resolved",
        RESOLVED_AT,
        f"{HANDLED} and not rejected",
        "resolution",
        TEXT,
    ),
    Step(
        "reject",
        "request.state_changed.v1",
        "staff",
        "rejected",
        RESOLVED_AT,
        f"{HANDLED} and rejected",
        "rejection",
        TEXT,
    ),
    Step("close", "request.closed.v1", "system", "closed", CLOSED_AT, "state = 'closed'"),
)
MAILED = tuple(step for step in STEPS if step.mail)


def _event_id(step: Step) -> str:
    return f"md5('{step.action} ' || n)::uuid"


def _message_id(step: Step) -> str:
    return f"'<' || {_event_id(step)} || '.{step.mail}@kunta.example>'"


HISTORY = tuple(
    f"""
    insert into history (request_id, event_id, type, occurred_at, actor_kind, actor, action, state, text_box,
        traceparent, published_at)
    select {REQUEST_ID}, {_event_id(step)}, '{step.type}', {step.at}, '{step.actor}', case
        when '{step.actor}' = 'staff' then {HANDLER} end,
        '{step.action}', '{step.state}', {step.text}, {TRACE}, {step.at} + interval '20 ms'
    from {NUMBERED} where {step.where}
    """  # noqa: S608  as above
    for step in STEPS
)
"""One statement per step, so that a request's rows of different days are not stored together."""
OUTCOMES = tuple(
    f"""
    insert into mail_outcomes (request_id, event_id, type, occurred_at, cause_id, template, message_id,
        attempt)
    select {REQUEST_ID}, md5('outcome {step.action} ' || n)::uuid, 'mail.sent.v1',
        {step.at} + interval '30 ms', {_event_id(step)}, '{step.mail}',
        {_message_id(step)}, 1
    from {NUMBERED} where {step.where}
    """  # noqa: S608  as above
    for step in MAILED
)
DELIVERIES = tuple(
    f"""
    insert into deliveries (
        event_id, request_id, template, language, work_number, service_title, submitted_at, due_at,
            occurred_at, message_id, traceparent,
        state, attempts, next_attempt_at, last_reply, created_at, trying_since, finished_at)
    select {_event_id(step)}, {REQUEST_ID}, '{step.mail}', 'fi', work_number, title, sent, {DUE_AT},
        {step.at}, {_message_id(step)}, {TRACE},
        'sent', 1, null, '250', {step.at}, {step.at}, {step.at} + interval '8 ms'
    from {NUMBERED} join bench_numbers using (n) where {step.where}
    """  # noqa: S608  as above
    for step in MAILED
)
LEDGER = f"""
    insert into ledger_counts (name, n)
    select 'numbered', $3::int union all select 'receipted', $3::int
    union all select 'resolved', count(*) from {NUMBERED} where {HANDLED} and not rejected
"""  # noqa: S608  as above
