"""A deployment that answers: a folder of versions, of which one is in use, and what is rolled out. Crash-safe."""
