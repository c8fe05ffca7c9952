"""What is asked of the data before anything is learned: leaks, and what they cost."""
