"""What consumers read of events, as Pact v4 message files.

https://github.com/pact-foundation/pact-specification/tree/version-4
"""
