"""A file of any size is answered: in parts, side by side, gone on with after a kill, whole or absent."""
