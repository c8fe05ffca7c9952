"""How rows are distributed: exact counts on edges that the reference fixes, and tests between two such profiles."""
