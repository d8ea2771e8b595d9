"""Prints where the stack listens, and its demo credentials, as `./run` writes them to `addresses.json`.

`docker compose run --rm settings python -m deploy.compose.addresses`
"""

import json
import os
import sys
from collections.abc import Mapping

from deploy.addresses import describe
from deploy.compose.settings import FOLDER, published_place
from deploy.keys import Secrets, read_or_make

HIDDEN = ("databases", "kafka", "maildir", "smtp")


def published_addresses(environment: Mapping[str, str], secrets: Secrets) -> dict[str, object]:
    """Give what can be reached from outside; Kafka only where `KAFKA_PORT` says that it is published."""
    facts = {name: fact for name, fact in describe(published_place(environment, secrets), secrets).items() if name not in HIDDEN}
    port = environment.get("KAFKA_PORT")
    return facts | ({"kafka": f"127.0.0.1:{port}"} if port else {})


if __name__ == "__main__":
    facts = published_addresses(os.environ, read_or_make(FOLDER / "secrets.json"))
    sys.stdout.write(json.dumps(facts, indent=1) + "\n")
