"""Shows progress of slow steps: an animated line on a terminal, plain lines elsewhere."""

from __future__ import annotations  # an old Python must be able to import this to report its age

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
FRAME_SECONDS = 0.1


class Progress:
    """Shows one step at a time; `say` prints a permanent line."""

    def __init__(self, output: TextIO | None = None) -> None:
        self._output = output or sys.stdout
        self._moving = self._output.isatty()
        self._lock = threading.Lock()
        self._text = ""

    def say(self, line: str = "") -> None:
        """Print a line above the animated one."""
        with self._lock:
            self._clear()
            self._write(line + "\n")

    def note(self, text: str) -> None:
        """Change the text of the present step; shown on a terminal only."""
        self._text = text

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Show `text` with the elapsed seconds for as long as the context lasts."""
        self._text = text
        if not self._moving:
            self._write(text + " …\n")
            yield
            return
        over = threading.Event()
        thread = threading.Thread(target=self._move, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            with self._lock:
                self._clear()

    def _move(self, over: threading.Event) -> None:
        start, turn = time.monotonic(), 0
        while not over.wait(FRAME_SECONDS):
            with self._lock:
                self._clear()
                self._write(f"{FRAMES[turn % len(FRAMES)]} {self._text} … {time.monotonic() - start:.0f} s")
            turn += 1

    def _clear(self) -> None:
        if self._moving:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._output.write(text)
        self._output.flush()
