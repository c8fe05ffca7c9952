def render(record, timeline):
    return "<html/>"
