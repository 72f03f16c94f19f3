"""Chaos under load: schedules of faults, who carries them out, the books afterwards, and the shortest schedule that breaks them."""
