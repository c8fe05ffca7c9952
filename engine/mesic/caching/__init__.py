"""The stage cache: what a stage left is taken again by other runs where all that it depends on is as it was."""
