def zone_chart(zone):
    return "<svg/>"
