"""``mesic plan bandit`` and ``mesic compare bandit``: a bandit before it serves anyone, and what its log says."""
