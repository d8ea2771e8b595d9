"""Creates each service's role and database, then topics and tables, in a compose stack.

`python -m deploy.compose.prepare`, idempotent.
"""

import asyncio
import os
from collections.abc import Mapping

from deploy.keys import SERVICES
from deploy.postgres import ensure_database
from deploy.prepare import main
from shared.database.address import read_database_address


async def make_databases(environment: Mapping[str, str]) -> None:
    """Create what each `<SERVICE>_DATABASE_URL` names, as the administrator of `DATABASE_URL`."""
    for service in SERVICES:
        owner = read_database_address(environment[f"{service.upper()}_DATABASE_URL"])
        await ensure_database(environment["DATABASE_URL"], owner.user or service, owner.password or "")


if __name__ == "__main__":
    asyncio.run(make_databases(os.environ))
    main()
