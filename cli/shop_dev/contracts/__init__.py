"""What the `contracts` commands share: opening a project's contracts, and telling what is wrong with them as failures."""
