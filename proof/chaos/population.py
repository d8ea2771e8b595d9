"""Draws the orders of a run from the seed: their times, content, way and manner."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Literal, TypeAlias, get_args

Language: TypeAlias = Literal["fi", "sv", "en"]
Way: TypeAlias = Literal["api", "form"]
Manner: TypeAlias = Literal["once", "twice", "other-body", "invalid"]

LANGUAGES: tuple[Language, ...] = get_args(Language)
MANNERS: tuple[Manner, ...] = get_args(Manner)
MANNER_WEIGHTS = (82, 10, 4, 4)
FORM_SHARE = 0.3
PERSISTENT_SHARE = 0.75
DOMAIN = "chaos.example"


@dataclass(frozen=True)
class Order:
    """One request to send, `due` seconds after the start.

    `persists`: retries with the same key without a success. Others give up, so that orders that failed for
    the client but arrived can be seen.
    """

    number: int
    key: str
    way: Way
    language: Language
    manner: Manner
    persists: bool
    due: float

    @property
    def email(self) -> str:
        """An address that only this order has."""
        return f"tilaus-{self.number}@{DOMAIN}"

    @property
    def other_email(self) -> str:
        """The address in the other body under the same key."""
        return f"toinen-{self.number}@{DOMAIN}"


def draw_orders(seed: int, rate: float) -> Iterator[Order]:
    """Yield orders without end, on average `rate` per second at uneven distances."""
    chance = random.Random(f"orders {seed}")  # noqa: S311  reproducible on purpose
    due = 0.0
    for number in count():
        due += chance.expovariate(rate)
        yield Order(
            number=number,
            key=f"chaos-{seed}-order-{number:06}",
            way="form" if chance.random() < FORM_SHARE else "api",
            language=chance.choice(LANGUAGES),
            manner=chance.choices(MANNERS, MANNER_WEIGHTS)[0],
            persists=chance.random() < PERSISTENT_SHARE,
            due=due,
        )
