"""The configuration: what can be said, how Hydra composes it, what is wrong with it."""
