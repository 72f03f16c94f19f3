"""What became of one order or request, put together from its traces, its messages and what was logged about it."""
