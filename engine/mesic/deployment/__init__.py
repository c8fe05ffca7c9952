"""From a bundle to an artefact that others can run, with the proof that it answers as the bundle does."""
