"""What happens at the front door, and the ports it needs."""
