"""Configures JSON logs: one object a line, with a constant event name, ids as fields, no personal data."""

import logging
import sys
import traceback
from pathlib import PurePath

import structlog

from shared.text.personal_codes import hide_personal_codes

FRAMES = 12


def _frames(exc_info: structlog.typing.ExcInfo) -> str:
    """Return where an exception was raised and its type, but not its message, which may quote data."""
    frames = [
        f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(exc_info[2])
    ]
    return " > ".join([*frames[-FRAMES:], exc_info[0].__name__])


def _without_personal_codes(
    _: object, __: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Mask every henkilötunnus in a line: the last barrier, not a licence to log external text."""
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
"""One list for the whole process: a logger keeps the list that it was first used with."""


def configure_logs(level: str = "INFO") -> None:
    """Write the log lines of this process, and the libraries' warnings, to standard output as JSON."""
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
    # While a broker is down each client logs hundreds of lines a second; its users log `kafka_away`
    # themselves.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def get_log(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of one module: `log.info("request_registered", request_id=…)`."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=name)
    return log
