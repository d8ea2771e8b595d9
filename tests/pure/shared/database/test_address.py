"""The address of a database, as hosted servers hand it out."""

from pathlib import Path

import pytest

from shared.database.address import BadDatabaseAddress, read_database_address
from shared.database.engine import create_engine


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("postgresql://u:p@db.example:6432/d", (("db.example", 6432),)),
        ("postgres://u:p@db.example/d", (("db.example", None),)),
        ("postgresql://u:p@one:5432,two:5433/d", (("one", 5432), ("two", 5433))),
        ("postgresql://u:p@one,two/d", (("one", None), ("two", None))),
        ("postgresql://u:p@[2001:db8::1]:5433,[::1]/d", (("2001:db8::1", 5433), ("::1", None))),
        ("postgresql://u:p@one,[::1]:7/d", (("one", None), ("::1", 7))),
        ("postgresql://u:p@%2Frun%2Fpostgresql/d", (("/run/postgresql", None),)),
        ("postgresql://u:p@/d?host=/run/postgresql&port=5433", (("/run/postgresql", 5433),)),
        ("postgresql:///d?host=one,two&port=1,2", (("one", 1), ("two", 2))),
        ("postgresql:///d?host=one,two&port=7", (("one", 7), ("two", 7))),
        ("postgresql:///d?host=2001:db8::1", (("2001:db8::1", None),)),
        ("postgresql:///d", ((None, None),)),
    ],
)
def test_every_way_to_write_hosts_is_understood(
    text: str, hosts: tuple[tuple[str | None, int | None], ...]
) -> None:
    assert read_database_address(text).hosts == hosts


def test_a_percent_encoded_password_is_decoded() -> None:
    address = read_database_address("postgresql://r%C3%B6le:p%40ss%2Fw%3Aord%3F%23@h/d%20b")
    assert (address.user, address.password, address.database) == ("röle", "p@ss/w:ord?#", "d b")


def test_user_password_and_database_may_stand_among_the_parameters() -> None:
    address = read_database_address("postgresql://h?user=u&password=p%26w&dbname=d")
    assert (address.user, address.password, address.database) == ("u", "p&w", "d")


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
def test_every_sslmode_is_taken(mode: str, tmp_path: Path) -> None:
    root = tmp_path / "root ca.crt"
    root.touch()
    address = read_database_address(f"postgresql://u:p@h/d?sslmode={mode}&sslrootcert={root}")
    assert dict(address.tls) == {"sslmode": mode, "sslrootcert": str(root)}


def test_only_a_server_that_takes_writes_is_right_unless_the_address_says_otherwise() -> None:
    assert read_database_address("postgresql://h1,h2/d").target_session_attrs == "read-write"
    assert (
        read_database_address("postgresql://h1,h2/d?target_session_attrs=any").target_session_attrs == "any"
    )


def test_time_outs_names_and_options_are_taken() -> None:
    address = read_database_address(
        "postgresql://h/d?connect_timeout=7&application_name=a%20b&options=-c%20lock_timeout%3D5s&keepalives_idle=9&channel_binding=prefer"
    )
    assert address.connect_seconds == 7
    assert dict(address.server_settings) == {"application_name": "a b", "options": "-c lock_timeout=5s"}
    assert address.keepalive == {"keepalives_idle": 9}


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("sslmode=maybe", "sslmode must be one of disable, allow"),
        ("ssl=true", "ssl is not a known parameter; use sslmode"),
        ("pool=3", "pool is not a known parameter"),
        ("connect_timeout=soon", "connect_timeout must be a whole number"),
        ("sslrootcert=/no/such/file", "sslrootcert names /no/such/file"),
        ("sslkey=/no/such/file", "sslkey names /no/such/file"),
        ("sslrootcert=system&sslmode=require", "sslrootcert=system needs sslmode=verify-full"),
        ("target_session_attrs=fast", "target_session_attrs must be one of any"),
        ("channel_binding=require", "channel_binding must be one of disable, prefer"),
        ("host=a,b&port=1,2,3", "port must be one number, or one for each host"),
    ],
)
def test_a_bad_parameter_is_named_at_the_start_and_no_password_is_shown(query: str, named: str) -> None:
    with pytest.raises(BadDatabaseAddress, match=named) as refused:
        create_engine(f"postgresql://u:secret@/d?{query}")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:secret@h/d",
        "postgresql+asyncpg://u:secret@h/d",
        "u:secret@h",
        "",
        "postgresql://u:secret@h:port/d",
    ],
)
def test_what_is_no_address_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(BadDatabaseAddress) as refused:
        read_database_address(text)
    assert "secret" not in str(refused.value)
