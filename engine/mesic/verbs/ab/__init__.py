"""``mesic plan ab`` and ``mesic compare ab``: an A/B test before it starts, and while it runs."""
