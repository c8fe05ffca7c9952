"""``mesic deploy rollback``, ``promote`` and ``status``, and ``mesic plan canary``: deployments that answer."""
