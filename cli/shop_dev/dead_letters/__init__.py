"""Dead letters of a running sandbox: found, decoded with the schema that is registered now, chosen and sent back."""
