"""The servers of a run, each behind a fault proxy: one or three brokers, and PostgreSQL with a standby."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.jars import class_path
from deploy.kafka import kafka_program, new_cluster_id
from deploy.kafka_users import Connections, broker_security, own_connections
from deploy.keys import Secrets
from deploy.ports import HOST, Ports
from deploy.postgres import ADMIN, dsn, make_standby, postgres_program
from deploy.program import Program
from deploy.servers import JARS, ExistingServers
from deploy.supervise import Supervisor
from proof.chaos.fault_proxy import FaultProxyProcess
from proof.chaos.storm.plan import BROKERS
from shared.database.engine import connect

DATABASES = ("postgres", "postgres-2")
STREAMS = "select count(*) = 1 from pg_stat_replication where state = 'streaming'"
START_SECONDS = 60.0
# Acknowledged commits are on both servers: with an asynchronous standby a fail-over could lose some.
SYNCHRONOUS = "alter system set synchronous_standby_names = '*'"
READ_ONLY = "alter system set default_transaction_read_only = on"
RELOAD, PROMOTE = "select pg_reload_conf()", "select pg_promote()"
COPIES = 3


@dataclass(frozen=True)
class Link:
    """The connections to one kind of server, each through a proxy."""

    proxies: Sequence[FaultProxyProcess]

    def set(self, mode: str) -> None:
        """Set the mode of all its proxies."""
        for proxy in self.proxies:
            proxy.set(mode)


@dataclass
class Servers:
    """The servers. `kafka` and `databases` bypass the proxies.

    Services get `proxied_kafka` and `proxied_admin`.

    `alone` is each PostgreSQL's own address, `primary` the one that accepts writes.
    """

    data: Path
    secrets: Secrets
    brokers: Sequence["Broker"]
    links: Mapping[str, Link]
    standby_port: int
    ports: Ports
    programs: dict[str, Program]
    primary: str = DATABASES[0]

    @property
    def standby(self) -> str:
        """The server that follows the primary."""
        return next(name for name in DATABASES if name != self.primary)

    @property
    def kafka(self) -> Connections:
        """Each user's connection to the brokers themselves."""
        return own_connections(",".join(f"{HOST}:{broker.port}" for broker in self.brokers), self.secrets)

    @property
    def databases(self) -> str:
        """The hosts part of an address of both servers."""
        return f"{HOST}:{self.ports.postgres},{HOST}:{self.standby_port}"

    @property
    def existing(self) -> ExistingServers:
        """The servers as the services reach them."""
        kafka = own_connections(
            ",".join(f"{HOST}:{proxy.port}" for proxy in self.links["kafka"].proxies), self.secrets
        )
        hosts = ",".join(f"{HOST}:{proxy.port}" for proxy in self.links["postgres"].proxies)
        return ExistingServers(kafka, self._admin(0).replace(f"{HOST}:0", hosts))

    async def start(self, supervisor: Supervisor) -> None:
        """Start all servers; returns when the standby is streaming."""
        cluster, proxies = new_cluster_id(), self.links["kafka"].proxies
        security = broker_security(self.secrets, "PROXIED")
        started = await asyncio.gather(
            *(
                asyncio.to_thread(self._broker, broker, proxy.port, security, cluster)
                for broker, proxy in zip(self.brokers, proxies, strict=True)
            ),
            asyncio.to_thread(
                postgres_program,
                self.data / self.primary,
                self.ports.postgres,
                self.secrets["postgres_password"],
            ),
        )
        self.programs |= {program.name: program for program in started}
        await asyncio.gather(*(supervisor.start(program) for program in started))
        await self._start_standby(supervisor)

    async def promote(self, how: str) -> None:
        """Promote the standby while the primary is cut off, or read-only."""
        if how == "read-only":
            await self._execute(self.primary, READ_ONLY, RELOAD)
        else:
            self._proxy(self.primary).set("half-open")
        await self._execute(self.standby, PROMOTE)
        self.primary = self.standby

    async def make_standby_anew(self, supervisor: Supervisor) -> None:
        """Make the former primary a standby of the new one."""
        await supervisor.stop((self.standby,))
        self._proxy(self.standby).set("pass")
        await asyncio.to_thread(shutil.rmtree, self.data / self.standby)
        await self._start_standby(supervisor)

    def _broker(self, broker: "Broker", proxy: int, security: Mapping[str, str], cluster: str) -> Program:
        more = broker.settings(proxy, self.brokers)
        folder = self.data / broker.name
        return kafka_program(
            folder,
            class_path(JARS),
            broker.port,
            broker.controller,
            security,
            name=broker.name,
            cluster=cluster,
            more=more,
        )

    async def _start_standby(self, supervisor: Supervisor) -> None:
        standby, folder = self.standby, self.data / self.standby
        await asyncio.to_thread(make_standby, folder, self._admin(self._port(self.primary)))

        async def ready() -> None:
            await self._execute(standby, "select 1")

        program = await asyncio.to_thread(
            postgres_program, folder, self._port(standby), self.secrets["postgres_password"]
        )
        self.programs[standby] = replace(program, name=standby, ready=ready)
        await supervisor.start(self.programs[standby])
        async with asyncio.timeout(START_SECONDS):
            while not await self._execute(self.primary, STREAMS):  # noqa: ASYNC110  another process has no event to wait for
                await asyncio.sleep(0.1)
        await self._execute(self.primary, SYNCHRONOUS, RELOAD)

    async def _execute(self, server: str, *statements: str) -> object:
        connection = await connect(f"{self._admin(self._port(server))}?target_session_attrs=any", timeout=5)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    def _port(self, server: str) -> int:
        return self.ports.postgres if server == DATABASES[0] else self.standby_port

    def _proxy(self, server: str) -> FaultProxyProcess:
        return self.links["postgres"].proxies[DATABASES.index(server)]

    def _admin(self, port: int) -> str:
        return dsn(ADMIN, self.secrets["postgres_password"], port, ADMIN)


@asynccontextmanager
async def behind_proxies(
    data: Path, ports: Ports, first_free: int, secrets: Secrets, brokers: int
) -> AsyncIterator[Servers]:
    """Open the proxies of servers that are started later; ports from `first_free` on are for them."""
    async with AsyncExitStack() as exits:
        places = [Broker(name, number, ports, first_free) for number, name in enumerate(BROKERS[:brokers])]
        standby_port = first_free + 3 * COPIES
        links = {
            "kafka": Link(
                [await exits.enter_async_context(FaultProxyProcess(place.proxied)) for place in places]
            ),
            "postgres": Link(
                [
                    await exits.enter_async_context(FaultProxyProcess(port))
                    for port in (ports.postgres, standby_port)
                ]
            ),
        }
        yield Servers(data, secrets, places, links, standby_port, ports, {})


class Broker:
    """The ports of one broker; the first one has the stack's own ports."""

    def __init__(self, name: str, number: int, ports: Ports, first_free: int) -> None:
        self.name, self.id = name, number + 1
        self.proxied = first_free + 3 * number
        self.port, self.controller = (
            (ports.kafka, ports.kafka_controller) if number == 0 else (self.proxied + 1, self.proxied + 2)
        )

    def settings(self, proxy: int, every: Sequence["Broker"]) -> dict[str, str]:
        """Return its settings with a second listener, advertised at the proxy.

        Several brokers form one cluster that may lose one of them.
        """
        own = {
            "node.id": f"{self.id}",
            "listeners": f"CLIENTS://{HOST}:{self.port},CONTROLLER://{HOST}:{self.controller},PROXIED://{HOST}:{self.proxied}",
            "advertised.listeners": f"CLIENTS://{HOST}:{self.port},PROXIED://{HOST}:{proxy}",
        }
        if len(every) == 1:
            return own
        kept = ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic")
        return own | {
            "controller.quorum.voters": ",".join(f"{each.id}@{HOST}:{each.controller}" for each in every),
            "controller.quorum.bootstrap.servers": ",".join(f"{HOST}:{each.controller}" for each in every),
            **{f"{topic}.replication.factor": f"{COPIES}" for topic in kept},
            **{f"{topic}.min.isr": "2" for topic in kept[1:]},
            "min.insync.replicas": "2",
        }
