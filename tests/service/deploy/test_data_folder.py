"""`--fresh` deletes what a run made, and nothing else; two runs never share a folder."""

import stat
from pathlib import Path

import pytest

from deploy.data_folder import PRIVATE, data_folder
from deploy.failure import StartFailure
from deploy.keys import read_or_make, wanted


def test_fresh_starts_from_nothing_and_keeps_what_is_not_ours(tmp_path: Path) -> None:
    with data_folder(tmp_path, tmp_path, fresh=False):
        (tmp_path / "kafka" / "log").touch()
        (tmp_path / "secrets.json").touch()
        (tmp_path / "venv").mkdir()
    with data_folder(tmp_path, tmp_path, fresh=True):
        assert not (tmp_path / "kafka" / "log").exists()
        assert not (tmp_path / "secrets.json").exists()
        assert (tmp_path / "venv").exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").touch()
    with (
        pytest.raises(StartFailure, match="holds files that"),
        data_folder(tmp_path, Path("/elsewhere"), fresh=True),
    ):
        pass
    assert (tmp_path / "thesis.odt").exists()


def test_a_folder_with_kafka_data_that_no_run_made_is_refused_even_at_the_default_place(
    tmp_path: Path,
) -> None:
    (tmp_path / "kafka").mkdir()
    with pytest.raises(StartFailure), data_folder(tmp_path, tmp_path, fresh=True):
        pass
    assert (tmp_path / "kafka").exists()


def test_a_second_run_in_the_same_folder_is_told_who_has_it(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with (
        data_folder(folder, tmp_path, fresh=False),
        pytest.raises(StartFailure, match=r"Another ./run \(process \d+\) uses .*/data"),
        data_folder(folder, tmp_path, fresh=False),
    ):
        pass


def test_addresses_of_a_killed_run_are_gone_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with data_folder(folder, tmp_path, fresh=False):
        (folder / "addresses.json").write_text("{}")
    with data_folder(folder, tmp_path, fresh=False):
        assert not (folder / "addresses.json").exists()


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    made = read_or_make(file)
    assert made.keys() == wanted()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_or_make(file) == made


@pytest.mark.parametrize("name", PRIVATE)
def test_data_of_this_and_of_earlier_versions_is_closed_to_others(tmp_path: Path, name: str) -> None:
    place = tmp_path / "data"
    with data_folder(place, place, fresh=False):
        (place / name).chmod(0o755)
    with data_folder(place, place, fresh=False):
        assert stat.S_IMODE((place / name).stat().st_mode) & 0o077 == 0
