"""Protobuf sources and descriptors: a compiler in process, a printer, and normal forms to compare by."""
