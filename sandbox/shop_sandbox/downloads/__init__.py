"""What the embedded engine downloads: Java archives, pinned by coordinates, size and SHA-256 in a lock file of ours."""
