"""What `load` needs to know before it begins, and what it does with what was measured."""
