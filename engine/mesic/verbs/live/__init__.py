"""``mesic deploy rollback``, ``promote``, ``outcomes``, ``status``, and ``mesic plan canary``: versions that answer."""
