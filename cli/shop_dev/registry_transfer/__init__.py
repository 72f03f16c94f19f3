"""Moving schemas between registries that speak Confluent's API: read, compared, written."""
