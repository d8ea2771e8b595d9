"""Load: a process of its own that sends ready bytes over keep-alive connections, closed loop (N clients) or open loop (a rate)."""

from proof.bench.load.form import fetch_form
from proof.bench.load.generator import Generator, generator
from proof.bench.load.load import Load
from proof.bench.load.sent import Sent

__all__ = ["Generator", "Load", "Sent", "fetch_form", "generator"]
