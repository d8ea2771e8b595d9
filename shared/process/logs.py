"""Log lines: a constant event name and fields, one JSON object a line, ids and never objects."""

import logging
import sys
import traceback
from pathlib import PurePath

import structlog

from shared.text.personal_codes import hide_personal_codes

FRAMES = 12


def _frames(exc_info: structlog.typing.ExcInfo) -> str:
    """Tell where it happened and of what kind it is, but not its words: a driver's or a parser's message quotes the data."""
    frames = [
        f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(exc_info[2])
    ]
    return " > ".join([*frames[-FRAMES:], exc_info[0].__name__])


def _without_personal_codes(
    _: object, __: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Cover a henkilötunnus in whatever somebody logged: the last barrier, not a licence to log words from outside."""
    return {
        name: hide_personal_codes(value) if isinstance(value, str) else value for name, value in line.items()
    }


STEPS: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.ExceptionRenderer(_frames),
    _without_personal_codes,
]
PROCESSORS: list[structlog.typing.Processor] = [*STEPS, structlog.processors.JSONRenderer()]
"""One list for good: a logger keeps the one that it was first used with, also where several apps of one process configure their logs."""


def configure_logs(level: str = "INFO") -> None:
    """Send the log lines of this process, and the libraries' warnings, to standard output as JSON."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=STEPS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    # While a broker is away each client complains hundreds of times a second; that it is away is told by those who use them (`kafka_away`).
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def get_log(name: str) -> structlog.typing.FilteringBoundLogger:
    """Give the logger of one module: `log.info("request_registered", request_id=…)`."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=name)
    return log
