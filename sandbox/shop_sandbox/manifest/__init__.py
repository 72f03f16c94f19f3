"""`service.yaml`: its JSON Schema, its typed form, and every fault of a bad one at once."""
