"""Labels that people gave: tasks for them, how far they agree, one label of many, people as a baseline."""
