"""Faults between a sandbox's services and what they call: proxies that understand the protocols, and the faults as data."""
