"""Logs on disk: what processes print, a line each with its time, rotated; and how to read them again, sandbox running or not."""

from __future__ import annotations

from shop_sandbox.logs.following import follow
from shop_sandbox.logs.reading import read
from shop_sandbox.logs.record import LogRecord
from shop_sandbox.logs.writer import LogWriter

__all__ = ["LogRecord", "LogWriter", "follow", "read"]
