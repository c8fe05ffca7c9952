"""Answers on demand: rows to decisions without data frames, and the server that gives them over HTTP."""
