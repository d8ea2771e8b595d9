"""What a run was measured on."""

import os
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

PACKAGES = ("fastapi", "uvicorn", "aiokafka", "sqlalchemy")


@dataclass(frozen=True)
class Machine:
    """The circumstances of a run; `load` is how many processes wanted a core just before it (one-minute average)."""

    date: str
    cores: int
    memory_gib: float
    python: str
    system: str
    load: float
    packages: dict[str, str]

    def __str__(self) -> str:
        """Give it as a line."""
        stand = f"{self.cores} cores · {self.memory_gib:.0f} GiB · {self.system} · Python {self.python}"
        return f"{self.date[:16].replace('T', ' ')} UTC · {stand} · load before the run {self.load:.1f}"


def this_machine() -> Machine:
    """Look at the machine; called before anything is started."""
    return Machine(
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.release()}",
        load=os.getloadavg()[0],
        packages={name: version(name) for name in PACKAGES},
    )
