"""The style of .proto files: names, folders, versions, comments."""
