"""What is deployed: the pipeline in a form that needs no fitted objects, and the folder that carries it."""

MANIFEST = "manifest.json"
