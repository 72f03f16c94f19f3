"""Containers: what the stores run as in Docker, the images of services, and the compose file that is made from the manifests."""
