"""Which of several models is better, on the same rows, and how sure that is."""
