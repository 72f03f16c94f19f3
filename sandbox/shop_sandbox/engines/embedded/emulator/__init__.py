"""The AWS emulator as the sandbox runs it: MiniStack, with a journal beside it that keeps its state and a guard in front of it."""
