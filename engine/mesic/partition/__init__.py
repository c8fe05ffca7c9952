"""Which rows train, validate and test: what splitters see and return, and the proof that they kept the law."""
