"""`contracts check` below the command line: what is declared, what is released, and whether the one may follow the other."""
