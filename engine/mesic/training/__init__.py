"""From training rows to a fitted model: sampling, recipes, folds, search, and the zone of solutions."""
