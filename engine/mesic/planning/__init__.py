"""Is machine learning worth it here: what a few pilot fits on training rows say before anything is run."""
