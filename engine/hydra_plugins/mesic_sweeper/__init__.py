"""The plugin that Hydra finds; the mechanism is `mesic.sweeping`."""
