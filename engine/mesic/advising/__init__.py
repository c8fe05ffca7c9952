"""What to do next with a model: are more data worth it."""
