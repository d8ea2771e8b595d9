"""The generator's process: `python -m proof.bench.load.process RESULT` reads a load, gets ready, waits for `go`, sends, writes RESULT.

It shares the machine's cores with what it measures, so it does as little as a client can: ready bytes out, status and body in.
"""

import asyncio
import gc
import sys
import time
from pathlib import Path

import uvloop

from proof.bench.load.load import Load
from proof.bench.load.send import Sender
from proof.bench.load.sent import write_sent


async def run(result: Path) -> None:
    """Do one load."""
    sender = Sender(Load.from_json(sys.stdin.readline()))
    await sender.prepare()
    gc.collect()
    gc.freeze()
    _say("ready")
    if not await asyncio.to_thread(sys.stdin.readline):
        return
    before = time.process_time()
    await sender.send()
    write_sent(sender, time.process_time() - before, result)
    _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(run(Path(sys.argv[1])))
