"""mesic's own catalogue of components: a folder a kind, a file a component, found like anyone's plugin."""
