"""Inbox: remembers which messages had their effect, in the transaction of that effect, so that each has it once."""
