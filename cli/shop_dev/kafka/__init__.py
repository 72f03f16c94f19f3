"""Kafka as people see it: which topics there are, what is in them, who is behind; and a message of one's own put in."""
