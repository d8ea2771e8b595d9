"""No log line tells what a record held, not even through an exception's words."""

import json
import subprocess
import sys

PROGRAM = """
import logging
from shared.process.logs import configure_logs, get_log
configure_logs()
try:
    raise ValueError("131052-308T")
except ValueError as error:
    get_log("test").error("failed", request_id="42", exc_info=error)
    logging.getLogger("library").exception("also failed")
"""


def test_an_exception_is_told_by_kind_and_place_without_its_words() -> None:
    output = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    assert "131052" not in output
    ours, librarys = (json.loads(line) for line in output.splitlines())
    assert ours["event"] == "failed"
    assert ours["request_id"] == "42"
    assert "ValueError" in ours["exception"]
    assert "ValueError" in librarys["exception"]


def test_a_personal_code_that_somebody_logged_is_covered() -> None:
    program = (
        PROGRAM + 'get_log("test").info("shown", path="/a/131052-308T")\n'
        'logging.getLogger("library").warning("odd: %s", "131052-308T")\n'
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert len(output.splitlines()) == 4
    assert "131052" not in output
