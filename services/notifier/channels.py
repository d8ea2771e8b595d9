"""The table of channels: one row for each way that deliveries take."""

from collections.abc import Callable, Sequence

from services.notifier.mail.mail_channel import MailChannel
from services.notifier.queue.channel import Channel
from services.notifier.settings import Settings

CHANNELS: Sequence[Callable[[Settings], Channel]] = (MailChannel,)
