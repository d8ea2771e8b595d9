"""What keeps a run from starting is told in one sentence that says what to do."""

import hashlib
import socket
import sys
from pathlib import Path

import pytest

from deploy import jars, setup
from deploy.failure import StartFailure
from deploy.ports import free_base
from deploy.progress import Progress
from tests.infra.stack import launch


async def told(folder: Path, *arguments: str) -> tuple[int, str]:
    """Start `./run`, which ends by itself; return its exit code and what the terminal showed."""
    stack = await launch(folder, *arguments)
    return await stack.process.wait(), stack.output.strip()


async def test_a_port_in_use_is_named_with_a_base_that_is_free(tmp_path: Path) -> None:
    base = free_base(23000)
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + 3))
        other.listen()
        code, output = await told(tmp_path, "--port-base", str(base))
    assert code == 1
    assert output.startswith(f"Port {base + 3} is in use. Stop what uses it or start with --port-base ")
    assert not any((tmp_path / "data" / "alive").iterdir())


async def test_ports_that_do_not_exist_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    code, output = await told(tmp_path, "--port-base", "65530")
    assert (code, output) == (
        1,
        "--port-base 65530 leaves no room for 10 ports; take one between 1024 and 65525.",
    )
    assert not (tmp_path / "data").exists()


async def test_a_foreign_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.odt").touch()
    code, output = await told(tmp_path, "--fresh")
    assert (code, output) == (
        1,
        f"{tmp_path}/data holds files that ./run did not make; name a new or empty folder with --data.",
    )


async def test_a_broken_server_elsewhere_is_told_with_its_setting(tmp_path: Path) -> None:
    elsewhere = {
        "DATABASE_URL": "postgresql://nobody:pw@127.0.0.1:1/postgres",
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    }
    stack = await launch(tmp_path, "--port-base", str(free_base(24000)), environment=elsewhere)
    assert await stack.process.wait() == 1
    assert "check DATABASE_URL" in stack.output


def test_a_jar_with_another_checksum_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kafka.jars.lock").write_text("group:artifact:1.0 " + "0" * 64 + "\n")
    (tmp_path / "fetched").write_text("not the jar")
    monkeypatch.setattr(jars, "LOCK", tmp_path / "kafka.jars.lock")
    monkeypatch.setattr(jars, "_fetch", lambda _coordinate, _folder: tmp_path / "fetched")
    with pytest.raises(StartFailure, match="another checksum"):
        jars.class_path(tmp_path / "jars")
    assert not list((tmp_path / "jars").glob("*.jar"))


def test_jars_are_fetched_once_and_again_where_one_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []

    def fetch(coordinate: str, folder: Path) -> Path:
        (folder / "downloads").mkdir(exist_ok=True)
        fetched.append(coordinate)
        place = folder / "downloads" / coordinate
        place.write_text("the jar")
        return place

    digest = hashlib.sha256(b"the jar").hexdigest()
    (tmp_path / "kafka.jars.lock").write_text(f"group:one:1.0 {digest}\ngroup:two:1.0 {digest}\n")
    monkeypatch.setattr(jars, "MAX_PARALLEL_DOWNLOADS", 1)  # in the lock's order
    monkeypatch.setattr(jars, "LOCK", tmp_path / "kafka.jars.lock")
    monkeypatch.setattr(jars, "_fetch", fetch)
    one, _ = jars.class_path(tmp_path)
    assert jars.class_path(tmp_path)[0] == one
    assert fetched == ["group:one:1.0", "group:two:1.0"]
    one.write_text("changed on disk")
    jars.class_path(tmp_path)
    assert fetched[2:] == ["group:one:1.0"]
    assert one.read_text() == "the jar"


def test_the_lock_names_no_host() -> None:
    assert "http" not in jars.LOCK.read_text()
    assert all(len(digest) == 64 for digest in jars.read_lock(jars.LOCK.read_text()).values())


def test_a_missing_venv_module_is_told_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("VENV", "STAMP"):
        monkeypatch.setattr(setup, name, tmp_path / name)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="apt install python3-venv"):
        setup.ensure_environment("local", Progress())


def test_a_python_too_old_is_told_or_left_for_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(SystemExit, match=r"Python 3\.9 is too old; install Python 3\.11 or newer\."):
        setup.become("local", "deploy.run", [])


def test_a_second_start_with_the_same_lock_installs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "venv" / "bin" / "python").touch()
    monkeypatch.setattr(setup, "VENV", tmp_path / "venv")
    monkeypatch.setattr(setup, "STAMP", tmp_path / "stamp")
    calls: list[list[str]] = []
    monkeypatch.setattr(setup, "_call", lambda command, _complaint: calls.append(command))
    setup.ensure_environment("dev", Progress())
    made = len(calls)
    setup.ensure_environment("dev", Progress())
    setup.ensure_environment("local", Progress())
    assert (made, len(calls)) == (2, 2)
