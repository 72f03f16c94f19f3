"""What keeps one slow or broken dependency from taking the rest along: retry, circuit breaker, deadline, bulkhead."""
