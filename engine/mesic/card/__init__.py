"""The card of a data set, from a run's record and what its owner says: facts, then Markdown, JSON and Croissant."""
