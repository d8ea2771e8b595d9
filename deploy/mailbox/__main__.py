"""Runs the mailbox, SMTP server and web page in one process: `python -m deploy.mailbox`."""

import asyncio
from pathlib import Path

import uvicorn
from pydantic_settings import SettingsConfigDict

from deploy.mailbox.maildir import Maildir
from deploy.mailbox.page import create_app
from deploy.mailbox.smtp import serve_smtp
from shared.process.logs import configure_logs
from shared.settings import OperationSettings, read_settings
from shared.web.bounded_http import BoundedHttp

HOST = "127.0.0.1"


class Settings(OperationSettings):
    """The mailbox's folder and ports."""

    model_config = SettingsConfigDict(env_prefix="MAILBOX_", extra="ignore")

    folder: Path
    http_port: int
    smtp_port: int
    bounces_port: int | None = None


async def main(settings: Settings) -> None:
    """Serve until a signal ends it."""
    maildir = Maildir(settings.folder)
    maildir.make()
    smtp = await serve_smtp(maildir, HOST, settings.smtp_port, settings.bounces_port)

    async def smtp_answers() -> None:
        reader, writer = await asyncio.open_connection(HOST, settings.smtp_port)
        try:
            await reader.readline()
            writer.write(b"QUIT\r\n")
            await reader.readline()
        finally:
            writer.close()

    app = create_app(maildir, smtp_answers)
    async with smtp:
        config = uvicorn.Config(
            app, HOST, settings.http_port, http=BoundedHttp, access_log=False, log_config=None
        )
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    given = read_settings(Settings)
    configure_logs(given.log_level)
    asyncio.run(main(given))
