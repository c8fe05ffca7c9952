"""How good predictions are, and how sure of it one can be."""
