"""Whether a bundle may be deployed: what objects, what was waived by whom, and a log of it."""
