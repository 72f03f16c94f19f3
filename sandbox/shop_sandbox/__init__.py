"""The local sandbox: inert descriptions of resources, the engines that run them, and the supervisor that owns the processes."""
