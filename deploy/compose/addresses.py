"""Prints a compose stack's addresses and demo credentials, in the format of `./run`'s `addresses.json`.

`docker compose run --rm settings python -m deploy.compose.addresses`
"""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace

from deploy.addresses import describe, describe_credentials
from deploy.compose.settings import FOLDER, published_place
from deploy.kafka_users import own_connections
from deploy.keys import Secrets, read_or_make

HIDDEN = ("databases", "maildir", "smtp", "bounces")
OF_KAFKA = ("kafka", "kafka_admin")


def published_addresses(environment: Mapping[str, str], secrets: Secrets) -> dict[str, object]:
    """Return what is reachable from outside; Kafka only if `KAFKA_PORT` says that it is published."""
    port = environment.get("KAFKA_PORT")
    hidden = HIDDEN if port else (*HIDDEN, *OF_KAFKA)
    place = replace(
        published_place(environment, secrets), kafka=own_connections(f"127.0.0.1:{port}", secrets)
    )
    facts = {name: fact for name, fact in describe(place, secrets).items() if name not in hidden}
    return facts | {
        "credentials": {
            name: fact for name, fact in describe_credentials(place, secrets).items() if name not in hidden
        }
    }


if __name__ == "__main__":
    facts = published_addresses(os.environ, read_or_make(FOLDER / "secrets.json"))
    sys.stdout.write(json.dumps(facts, indent=1) + "\n")
