"""Fits in a process of their own, so that whatever a learner does ends a trial and not the run."""
