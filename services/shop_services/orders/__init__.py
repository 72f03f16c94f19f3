"""Orders: event-sourced orders and the checkout saga that brings each of them to a final state."""
