"""Guards: what a new version may not do, each read from the state of a roll-out."""
