"""Where mails go while something is measured: a fast SMTP sink that notes when each came, or Postfix's `smtp-sink`, which only counts."""

from proof.bench.sink.open_sink import FastSink, Sink, TimedSink, fast_sink, timed_sink

__all__ = ["FastSink", "Sink", "TimedSink", "fast_sink", "timed_sink"]
