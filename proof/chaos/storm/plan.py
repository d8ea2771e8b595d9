"""Plans the faults of a run: which fault at which second, drawn from the seed. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

OURS = ("intake", "identity", "tracker", "tracker-worker", "notifier", "notifier-worker", "notifier-bounces")
BROKERS = ("kafka", "kafka-2", "kafka-3")
OTHER_SERVERS = ("postgres", "mailbox")
LINKS = ("kafka", "postgres", "smtp")
LINK_FAULTS = ("cut", "slow", "half-open", "narrow")
MAIL_FAULTS = (
    "refuse",
    "defer",
    "hang-up-in-data",
    "hang-up-after-data",
    "disk-full",
    "no-sender",
    "rate",
    "few-connections",
    "slow-greeting",
    "bounce",
)
CRASH_POINTS = (
    "tracker.submitted.after-database-commit",
    "tracker.commands.after-database-commit",
    "tracker.mail-outcomes.after-database-commit",
    "notifier.after-database-commit",
    "tracker.relay.after-ack",
    "notifier.after-mail-accepted",
    "notifier.after-outcomes-ack",
    "intake.after-ack",
    "intake.spool.after-ack",
)
TWICE = ("tracker-worker", "notifier-worker")
FAIL_OVERS = ("cut-off", "read-only")
"""What happens to PostgreSQL's primary when its standby takes over."""
SHORT_AWAY, LONG_AWAY = 4.0, 30.0
CRASH_SECONDS, SPOOL_SECONDS = 1.0, 4.0
FROZEN_SECONDS = 25.0
"""How long a worker is frozen beside a second one, which must take over sooner."""
PAUSES, SHORT_PAUSES = (0.5, 2.5), (0.3, 1.2)


@dataclass(frozen=True)
class Fault:
    """One fault on `target`; times in seconds.

    `kind`: `kill`, `freeze`, `term`, `away`, `link-…`, `mail-…`, `disk-full`, `crash`, `twice-…`,
    `failover-…`, `logins`.
    """

    kind: str
    target: str
    seconds: float
    at: float = 0.0

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.at:6.1f} s  {self.kind:<24} {self.target:<30} {self.seconds:4.1f} s"


def servers(brokers: int) -> tuple[str, ...]:
    """Return the names of the servers of a run with so many brokers."""
    return (*BROKERS[:brokers], *OTHER_SERVERS)


def draw_plan(seed: int, seconds: float, *, short: bool, brokers: int = 1) -> list[Fault]:
    """Return a plan that ends within `seconds`: the three outages, one fault of each kind, then others."""
    chance = random.Random(f"storm {seed}")  # noqa: S311  reproducible on purpose
    must, others = _ordered(chance, _all_faults(chance, short=short, brokers=brokers))
    chosen: list[Fault] = []
    pauses, left = SHORT_PAUSES if short else PAUSES, seconds
    for fault in must + others:
        needed = fault.seconds + sum(pauses) / 2
        if needed <= left:
            chosen.append(fault)
            left -= needed
    chance.shuffle(chosen)
    return _timed(chance, chosen, pauses)


def one_of_each(seed: int, *, short: bool, brokers: int = 1) -> list[Fault]:
    """Return every fault on every target once, in random order; each begins when the last is over."""
    chance = random.Random(f"one at a time {seed}")  # noqa: S311  reproducible on purpose
    faults = _all_faults(chance, short=short, brokers=brokers)
    chance.shuffle(faults)
    return faults


def kinds_left_out(plan: Sequence[Fault]) -> list[str]:
    """Return the kinds of fault that a plan does not contain."""
    drawn = {fault.kind for fault in plan}
    return sorted({fault.kind for fault in _all_faults(random.Random(0), short=True)} - drawn)  # noqa: S311  only their kinds count


def _ordered(chance: random.Random, faults: list[Fault]) -> tuple[list[Fault], list[Fault]]:
    """Put the outages and the critical crash points first, then one fault of each kind, signals first."""
    chance.shuffle(faults)
    kinds: set[str] = set()
    must: list[Fault] = []
    others: list[Fault] = []
    for fault in sorted(faults, key=_rank):
        (others if fault.kind in kinds and _rank(fault) else must).append(fault)
        kinds.add(fault.kind)
    return must, others


def _rank(fault: Fault) -> int:
    return 0 if fault.kind in {"away", "crash"} else 1 if fault.kind in {"kill", "term", "freeze"} else 2


def _timed(chance: random.Random, faults: Sequence[Fault], pauses: tuple[float, float]) -> list[Fault]:
    at, timed = chance.uniform(*pauses), []
    for fault in faults:
        timed.append(Fault(fault.kind, fault.target, fault.seconds, round(at, 2)))
        at += fault.seconds + chance.uniform(*pauses)
    return timed


def _all_faults(chance: random.Random, *, short: bool, brokers: int = 1) -> list[Fault]:
    struck, away = OURS + servers(brokers), SHORT_AWAY if short else LONG_AWAY

    def seconds(least: float, most: float) -> float:
        return round(chance.uniform(least, most) / (2.5 if short else 1), 1)

    return [
        *(Fault("away", target, away) for target in ("kafka", "postgres", "kafka+postgres")),
        *(
            Fault("crash", point, SPOOL_SECONDS if "spool" in point else CRASH_SECONDS)
            for point in CRASH_POINTS
        ),
        *(Fault("kill", name, seconds(2, 4)) for name in struck),
        *(Fault("term", name, seconds(2, 4)) for name in struck),
        *(Fault("freeze", name, seconds(3, 7)) for name in struck),
        *(Fault(f"link-{fault}", link, seconds(3, 6)) for link in LINKS for fault in LINK_FAULTS),
        *(Fault(f"mail-{fault}", "mailbox", seconds(3, 5)) for fault in MAIL_FAULTS),
        # They stop rather than lose a write, and start again once there is room.
        *(
            Fault("disk-full", name, seconds(3, 6))
            for name in struck
            if name.startswith(("kafka", "postgres"))
        ),
        *(Fault(f"failover-{how}", "postgres", seconds(8, 12)) for how in FAIL_OVERS),
        Fault("logins", "identity", seconds(3, 6)),
        *(Fault(f"twice-{how}", name, seconds(5, 8)) for name in TWICE for how in ("killed", "disk-full")),
        *(Fault("twice-frozen", name, FROZEN_SECONDS) for name in TWICE),
    ]
