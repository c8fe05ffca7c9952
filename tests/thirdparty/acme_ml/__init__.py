"""A learner and a selector from another house."""
