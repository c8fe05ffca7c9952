"""The plugin host: what may be offered, who offers it, what a name stands for."""
