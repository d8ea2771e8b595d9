"""What stands around the services in containers.

Their settings, their start, their health, their databases.
"""

import asyncio
import importlib
import json
import os
import secrets
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import yaml

from deploy.compose.healthy import FRESH_SECONDS, HUNG_SECONDS, app_is_ready, worker_is_alive
from deploy.compose.prepare import make_databases
from deploy.compose.settings import write_settings
from deploy.jars import class_path
from deploy.kafka import kafka_program
from deploy.kafka_grants import grants
from deploy.kafka_users import ADMINISTRATOR, own_connections, scram_passwords
from deploy.keys import SERVICES
from shared.events.envelope import Message
from shared.events.topics import COMMANDS, SUBMITTED
from shared.kafka.access import ensure_access
from shared.kafka.producer import EventProducer
from shared.kafka.topics import ensure_topics
from tests.infra.embedded import JARS, ROOT, free_ports, running

URLS = {
    f"{name}_URL": f"https://{name.lower()}.kunta.example/"
    for name in ("INTAKE", "IDENTITY", "TRACKER", "NOTIFIER", "MAILBOX")
}


def settings_of(folder: Path, name: str) -> dict[str, str]:
    return dict(json.loads((folder / name / "environment.json").read_text()))


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_the_settings_that_are_written_for_it(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_settings(tmp_path, URLS)
    for variable, value in settings_of(tmp_path, service).items():
        monkeypatch.setenv(variable, value)
    module = importlib.import_module(f"services.{service}.settings")
    settings = getattr(module, "Settings", None) or getattr(module, f"{service.title()}Settings")
    assert settings().database_url


def test_secrets_are_made_once_and_addresses_follow_what_is_given(tmp_path: Path) -> None:
    write_settings(tmp_path, URLS)
    before = settings_of(tmp_path, "intake")
    write_settings(tmp_path, {**URLS, "IDENTITY_URL": "https://login.kunta.example"})
    after = settings_of(tmp_path, "intake")
    assert before | {"INTAKE_OIDC_ISSUER": "https://login.kunta.example"} == after
    assert after["INTAKE_OIDC_BACKCHANNEL_URL"] == "http://identity:8000"


def test_tracker_finds_intake_between_the_containers(tmp_path: Path) -> None:
    write_settings(tmp_path, URLS)
    assert settings_of(tmp_path, "tracker")["TRACKER_INTAKE_URL"] == "http://intake:8000"
    assert settings_of(tmp_path, "tracker")["TRACKER_NOTIFIER_URL"] == "http://notifier:8000"


def test_the_brokers_own_start_can_add_to_its_copy_of_the_mounted_file(tmp_path: Path) -> None:
    """The copy keeps the file's mode, so its user cannot overwrite a copy that is read-only."""
    write_settings(tmp_path, URLS)
    mode = stat.S_IMODE((tmp_path / "kafka" / "server.properties").stat().st_mode)
    assert mode & (stat.S_IWUSR | stat.S_IROTH) == stat.S_IWUSR | stat.S_IROTH


def test_a_container_sees_no_secret_of_another(tmp_path: Path) -> None:
    write_settings(tmp_path, URLS)
    written = json.loads((tmp_path / "secrets.json").read_text())
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0
    holders = {
        secret: {
            file.parent.name for file in tmp_path.glob("*/*") if value in file.read_text().replace('\\"', '"')
        }
        for secret, value in written.items()
    }
    assert holders["tracker_sealing_private_key"] == {"tracker"}
    assert holders["notifier_sealing_private_key"] == {"notifier"}
    assert holders["data_key"] == {"tracker"}
    assert holders["intake_database_password"] == {"intake", "prepare"}
    assert holders["postgres_password"] == {"postgres", "prepare"}
    assert holders["backoffice_client_secret"] == {"identity"}
    assert holders["kafka_intake_password"] == {"intake", "prepare"}
    assert holders["kafka_backoffice_password"] == {"prepare"}
    assert holders["kafka_admin_password"] == {"kafka", "prepare"}
    assert holders["kafka_broker_password"] == {"kafka"}


async def test_the_broker_of_the_containers_knows_its_users_inside_and_outside(
    root: Path, tmp_path: Path
) -> None:
    write_settings(tmp_path, URLS)
    written = json.loads((tmp_path / "secrets.json").read_text())
    inside, outside, controller = free_ports(3)
    mounted = dict(
        line.split("=", 1) for line in (tmp_path / "kafka" / "server.properties").read_text().splitlines()
    )
    given = {
        name: _here(value, inside, outside, controller) for name, value in _broker_environment(root).items()
    }
    more = {**mounted, **given, "log.dirs": str(tmp_path / "broker" / "log")}
    program = await asyncio.to_thread(
        kafka_program, tmp_path / "broker", class_path(JARS), inside, controller, {}, more=more
    )
    async with running(program, tmp_path / "broker"):
        users = own_connections(f"127.0.0.1:{inside}", written)
        await ensure_topics(users[ADMINISTRATOR])
        await ensure_access(users[ADMINISTRATOR], scram_passwords(users), grants())
        for kafka, topic in (
            (users["intake"], SUBMITTED),
            (own_connections(f"127.0.0.1:{outside}", written)["backoffice"], COMMANDS),
        ):
            async with EventProducer(kafka, "test") as producer:
                await producer.send(topic, Message(b"k", b"{}", []))


def _broker_environment(root: Path) -> dict[str, str]:
    """Return what the image makes of the variables of both files: `KAFKA_NODE_ID` is `node.id`."""
    files = [
        yaml.safe_load((root / file).read_text())
        for file in ("docker-compose.yml", "deploy/compose/reachable.yml")
    ]
    variables = {
        name: value for file in files for name, value in file["services"]["kafka"]["environment"].items()
    }
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in variables.items()
        if name != "KAFKA_HEAP_OPTS"
    }


def _here(value: str, inside: int, outside: int, controller: int) -> str:
    places = {"${KAFKA_PORT:-8406}": outside, ":9092": inside, ":9093": controller, ":9094": outside}
    for place, port in places.items():
        value = value.replace(place, f":{port}" if place.startswith(":") else str(port))
    return (
        value.replace("kafka:", "127.0.0.1:")
        .replace("localhost", "127.0.0.1")
        .replace("://:", "://127.0.0.1:")
    )


def test_a_variable_that_a_container_was_given_wins_over_the_written_one(tmp_path: Path) -> None:
    settings, process_id = tmp_path / "environment.json", tmp_path / "process-id"
    settings.write_text(json.dumps({"WRITTEN": "written", "BOTH": "written"}))
    show = [sys.executable, "-c", "import os; print(os.getpid(), os.environ['WRITTEN'], os.environ['BOTH'])"]
    start = (
        f"from pathlib import Path; from deploy.compose.start import become; become({show!r}, "
        f"Path({str(settings)!r}), Path({str(process_id)!r}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", start],
        cwd=ROOT,
        env={**os.environ, "BOTH": "given"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == [process_id.read_text(), "written", "given"]


@pytest.mark.parametrize(
    ("age", "healthy", "ended"),
    [(0, True, False), (FRESH_SECONDS + 5, False, False), (HUNG_SECONDS + 5, False, True)],
)
def test_a_worker_that_hangs_is_ended_so_that_it_starts_again(
    age: float, healthy: bool, ended: bool, tmp_path: Path
) -> None:
    alive, process_id = tmp_path / "alive", tmp_path / "process-id"
    with subprocess.Popen(["sleep", "20"]) as worker:
        process_id.write_text(str(worker.pid))
        assert worker_is_alive(alive, process_id) is False
        alive.touch()
        os.utime(alive, (time.time() - age,) * 2)
        assert worker_is_alive(alive, process_id) is healthy
        if not ended:
            worker.terminate()
        assert worker.wait(5) == -(signal.SIGKILL if ended else signal.SIGTERM)


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [(b"HTTP/1.1 200 OK\r\n\r\n", True), (b"HTTP/1.1 503 Away\r\n\r\n", False), (b"", False)],
)
async def test_an_app_is_as_healthy_as_it_says(answer: bytes, healthy: bool) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()).startswith(b"GET /readyz ")
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await asyncio.to_thread(app_is_ready, port) is healthy
    assert await asyncio.to_thread(app_is_ready, port) is False


async def test_every_service_gets_a_role_and_a_database_and_again_changes_nothing(postgres: str) -> None:
    server, run = postgres.rpartition("@")[2].rpartition("/")[0], secrets.token_hex(4)
    urls = {
        f"{name.upper()}_DATABASE_URL": f"postgresql://{name}_{run}:p%2F{run}@{server}/{name}_{run}"
        for name in SERVICES
    }
    await make_databases({"DATABASE_URL": postgres, **urls})
    connection = await asyncpg.connect(urls["TRACKER_DATABASE_URL"])
    await connection.execute("create table kept (n int)")
    await make_databases({"DATABASE_URL": postgres, **urls})
    assert await connection.fetchval("select count(*) from kept") == 0
    await connection.close()


def test_everything_comes_back_is_watched_and_is_published_on_this_machine_alone(root: Path) -> None:
    services: dict[str, dict[str, Any]] = yaml.safe_load((root / "docker-compose.yml").read_text())[
        "services"
    ]
    once = {"settings", "prepare"}
    for name, service in services.items():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ())), name
        assert "image" in service, name
        if name not in once:
            assert service["restart"] == "unless-stopped", name
            assert service["healthcheck"]["test"], name
    assert set(SERVICES) <= services.keys()
    assert all(
        url.startswith(("http://127.0.0.1:", "${")) for url in services["settings"]["environment"].values()
    )
