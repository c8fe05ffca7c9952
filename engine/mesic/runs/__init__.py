"""One run: its stages in order, its record and timeline, how it is taken up again and reproduced."""
