"""Log lines: a constant event name and fields, one JSON object a line, ids and never objects."""

import logging
import sys

import structlog


def configure_logs(level: str = "INFO") -> None:
    """Send the log lines of this process, and the libraries' warnings, to standard output as JSON."""
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*steps, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def get_log(name: str) -> structlog.typing.FilteringBoundLogger:
    """Give the logger of one module: `log.info("request_registered", request_id=…)`."""
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger(component=name)
    return log
