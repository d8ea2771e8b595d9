"""The rows, as SQL over the number of each request: three years of them, nearly all closed, the latest few thousand open. Pure.

Request `n` of `total` is the same in both databases, because everything is computed from `n`. Every statement takes the first number, the one
after the last, and how many there are in all; `until` is when the latest one was sent.
"""

from proof.bench.growth.population import HOW_MANY

YEARS = 3
OPEN = 4_000
"""The latest so many are open."""
STUCK_EVERY = 10_007
"""Of the older ones, one in so many is still open, and late."""
REJECTED_EVERY = 33
SHORTENED = 300
"""Letters kept of the sealed contacts that are more than a year old, so that five million requests take 20 GB and not 30."""

REQUEST_ID = "md5('request ' || n)::uuid"
STEPS = ("register", "take", "resolve", "close")


def event_id(step: str) -> str:
    """Give the expression for the id of a step's event."""
    return f"md5('{step} ' || n)::uuid"


NUMBERED = f"""
    (select n, sent, state, n % {REJECTED_EVERY} = 0 as rejected, kind.* from (
        select n, $4::timestamptz - (($3 - n)::float8 / $3) * interval '{YEARS} years' as sent,
            case
                when n >= $3 - least({OPEN}, $3 / 50) then (array['received', 'in_progress', 'waiting_for_customer'])[1 + n % 3]
                when n % {STUCK_EVERY} = 5 then 'in_progress'
                when n < $3 - $3 / 100 then 'closed'
                when n % {REJECTED_EVERY} = 0 then 'rejected'
                else 'resolved'
            end as state
        from generate_series($1::int, $2::int - 1) n
    ) numbered join bench_population kind on kind.kind = n % {HOW_MANY}) each
"""  # noqa: S608  made of our own constants
HANDLED = "state in ('resolved', 'rejected', 'closed')"
RESOLVED_AT = "sent + interval '20 hours'"
CLOSED_AT = "sent + interval '15 days'"
DUE_AT = "sent + interval '3 days'"
TRACE = "'00-' || md5('trace ' || n) || '-' || left(md5('span ' || n), 16) || '-01'"

REQUESTS = f"""
    insert into requests (
        request_id, work_number, service, service_title, service_title_fi, role, language, authentication, channel, queue, state, assignee,
        submitted_at, registered_at, due_at, changed_at, resolved_at, closed_at, retention_days, body_digest, sealed_contact,
        first_name, last_name, phone, email, name_key, email_index, personal_code, personal_code_index, answers)
    select {REQUEST_ID}, work_number, service, title, title, 'person', (array['fi', 'fi', 'fi', 'sv', 'en'])[1 + n % 5], 'none', 'site', queue,
        state, case when state <> 'received' then 'kasittelija' || n % 40 end,
        sent, sent + interval '40 ms', {DUE_AT},
        case state when 'received' then sent when 'closed' then {CLOSED_AT} else {RESOLVED_AT} end,
        case when {HANDLED} and not rejected then {RESOLVED_AT} end, case when state = 'closed' then {CLOSED_AT} end,
        3650, md5('body ' || n), case when n > $3 - $3 / {YEARS} then sealed_contact else left(sealed_contact, {SHORTENED}) end,
        first_name, last_name, '0401234567', 'asiakas' || n % ($3 / 2 + 1) || '@growth.example', name_key,
        decode(md5('email ' || n % ($3 / 2 + 1)), 'hex'), personal_code, decode(md5('code ' || n % ($3 / 2 + 1)), 'hex'), answers
    from {NUMBERED} join bench_numbers using (n)
"""  # noqa: S608  as above


def _entry(step: str, type_: str, actor: str, state: str, at: str, where: str) -> str:
    return f"""
    insert into history (request_id, event_id, type, occurred_at, actor_kind, actor, action, state, text, traceparent, published_at)
    select {REQUEST_ID}, {event_id(step)}, {type_}, {at}, {actor},
        case when '{step}' in ('register', 'close') then null else 'kasittelija' || n % 40 end,
        case when '{step}' = 'resolve' and rejected then 'reject' else '{step}' end, {state},
        case when '{step}' = 'resolve' then 'Hei! Laskusta on nyt lähetetty uusi kappale postitse osoitteeseesi.' end,
        {TRACE}, {at} + interval '20 ms'
    from {NUMBERED} where {where}
    """  # noqa: S608  as above


HISTORY = (
    _entry("register", "'request.registered.v1'", "'system'", "'received'", "sent + interval '40 ms'", "true"),
    _entry("take", "'request.assigned.v1'", "'staff'", "'in_progress'", "sent + interval '6 hours'", "state <> 'received'"),
    _entry(
        "resolve",
        "case when rejected then 'request.state_changed.v1' else 'request.resolved.v1' end",
        "'staff'",
        "case when rejected then 'rejected' else 'resolved' end",
        RESOLVED_AT,
        HANDLED,
    ),
    _entry("close", "'request.closed.v1'", "'system'", "'closed'", CLOSED_AT, "state = 'closed'"),
)
"""One statement for each step: what happens to one request on several days does not lie together."""

RECEIPT, RESOLUTION = "'receipt'", "case when rejected then 'rejection' else 'resolution' end"
MAILS = (("register", RECEIPT, "sent + interval '60 ms'", "true"), ("resolve", RESOLUTION, RESOLVED_AT, HANDLED))


def _message_id(step: str, template: str) -> str:
    return f"'<' || {event_id(step)} || '.' || {template} || '@kunta.example>'"


OUTCOMES = tuple(
    f"""
    insert into mail_outcomes (request_id, event_id, type, occurred_at, cause_id, template, message_id, attempt)
    select {REQUEST_ID}, md5('outcome {step} ' || n)::uuid, 'mail.sent.v1', {at}, {event_id(step)}, {template}, {_message_id(step, template)}, 1
    from {NUMBERED} where {where}
    """  # noqa: S608  as above
    for step, template, at, where in MAILS
)
DELIVERIES = tuple(
    f"""
    insert into deliveries (
        event_id, request_id, template, language, work_number, service_title, submitted_at, due_at, occurred_at, message_id, traceparent,
        state, attempts, next_attempt_at, last_reply, created_at, trying_since, finished_at)
    select {event_id(step)}, {REQUEST_ID}, {template}, 'fi', work_number, title, sent, {DUE_AT}, {at}, {_message_id(step, template)}, {TRACE},
        'sent', 1, null, '250', {at}, {at}, {at} + interval '8 ms'
    from {NUMBERED} join bench_numbers using (n) where {where}
    """  # noqa: S608  as above
    for step, template, at, where in MAILS
)
LEDGER = f"""
    insert into ledger_counts (name, n)
    select 'numbered', $3::int union all select 'receipted', $3::int
    union all select 'resolved', count(*) from {NUMBERED} where {HANDLED} and not rejected
"""  # noqa: S608  as above
