"""The report: one self-contained page and its charts, made only from the record and the timeline."""
