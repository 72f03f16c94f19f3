"""What the provider does when it is asked, and how it misbehaves when it is told to."""
