"""Trees, many rows at a time, in C that is compiled where it runs; the same answers to the last bit, or not used."""
