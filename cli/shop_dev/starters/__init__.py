"""Services to begin with, one a language: each runs as it stands, imports nothing beyond its language, and has a contract.

They are called `greeter`; `init` and `new service` write them under another name.
"""
