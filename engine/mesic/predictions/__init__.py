"""The log of predictions: what was asked, what was answered, by what; written by the server, read by anyone."""
