"""The services of the shop. Each folder is one service; they never import each other."""
