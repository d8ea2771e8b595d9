"""What docs/using-the-api.md says can be pasted does what it says, against a running stack."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "using-the-api.md"
SECONDS = 120.0


async def pasted(script: str, folder: Path) -> str:
    """Run the lines as a person would paste them, in a folder with `var/addresses.json`.

    `python3` is the one that runs the tests.
    """
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await asyncio.wait_for(shell.communicate(), SECONDS)
    assert shell.returncode == 0, errors.decode()
    return output.decode()


async def test_the_examples_send_resolve_and_reopen_a_request(stack: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "addresses.json").write_text(json.dumps(stack))
    blocks = re.findall(
        r"^```\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    over_http, over_kafka = (block for block in blocks if "addresses.json" in block)
    told = await pasted(f'{over_http}\necho; echo "id $ID"\n{over_kafka}', tmp_path)
    request_id = told.partition("\nid ")[2].split()[0]
    assert f'"request_id":"{request_id}"' in told
    for event in ("request.registered.v1", "request.resolved.v1", "request.reopened.v1"):
        assert f"{event} {request_id}" in told
