"""AWS Lambda on the kit: the same composition, for a process that is frozen as soon as it has answered."""

from shop_kit.functions.queues import QueueMessage, queue_function

__all__ = ["QueueMessage", "queue_function"]
