"""Traces of the sandbox: a collector that keeps OTLP spans in SQLite, and the reading side that draws a request's tree."""
