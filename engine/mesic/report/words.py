def headline(record):
    return "headline"
