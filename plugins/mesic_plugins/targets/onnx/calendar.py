"""Parts of moments, in ONNX."""

from mesic_plugins.targets.onnx.graph import DOUBLE

SECONDS_A_DAY, MOST_SECONDS = 86_400.0, 1e13


def date_part(graph, days, part):
    """Return a part of moments: year, month, day, weekday, day of the year, hour, minute, second.

    Whole numbers below 1e13 are exact in float64, and so are their quotients rounded down.
    """

    def op(name, left, right):
        return graph.add(name, left, graph.constant(right) if isinstance(right, float) else right)

    def over(left, right):
        return graph.add("Floor", op("Div", left, right))

    def rest(left, right):
        return op("Sub", left, op("Mul", over(left, right), right))

    seconds = graph.between(op("Mul", days, SECONDS_A_DAY), -MOST_SECONDS, MOST_SECONDS)
    moment = graph.add("Round", seconds)
    day, second = over(moment, SECONDS_A_DAY), rest(moment, SECONDS_A_DAY)
    if part == 3:
        return rest(op("Add", day, 3.0), 7.0)
    if part >= 5:
        return (over(second, 3600.0), rest(over(second, 60.0), 60.0), rest(second, 60.0))[part - 5]
    shifted = op("Add", day, 719_468.0)
    era, in_era = over(shifted, 146_097.0), rest(shifted, 146_097.0)
    leaps = op(
        "Sub", op("Add", op("Sub", in_era, over(in_era, 1460.0)), over(in_era, 36_524.0)), over(in_era, 146_096.0)
    )
    year = over(leaps, 365.0)
    begins = op("Sub", op("Add", op("Mul", year, 365.0), over(year, 4.0)), over(year, 100.0))
    from_march = op("Sub", in_era, begins)
    march = over(op("Add", op("Mul", from_march, 5.0), 2.0), 153.0)
    is_late = graph.add("Less", march, graph.constant(10.0))
    month = graph.where(is_late, op("Add", march, 3.0), op("Sub", march, 9.0))
    is_next = graph.cast(graph.add("LessOrEqual", month, graph.constant(2.0)), DOUBLE)
    year = op("Add", op("Add", year, op("Mul", era, 400.0)), is_next)
    if part == 4:
        before = op("Sub", year, 1.0)
        quarters = op("Sub", op("Add", op("Sub", over(before, 4.0), over(before, 100.0)), over(before, 400.0)), 477.0)
        first = op("Add", op("Mul", op("Sub", year, 1970.0), 365.0), quarters)
        return op("Add", op("Sub", day, first), 1.0)
    in_month = op("Add", op("Sub", from_march, over(op("Add", op("Mul", march, 153.0), 2.0), 5.0)), 1.0)
    found = (year, month, in_month)[part]
    return graph.where(graph.is_blank(days), days, found)
