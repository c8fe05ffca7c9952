"""The verbs: one module a word of the command line."""
