"""What a sandbox's stores hold, and the programs that look into them."""
