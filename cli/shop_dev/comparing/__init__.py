"""`load --compare`: two versions of a project, each in a sandbox of its own, loaded in turn."""
