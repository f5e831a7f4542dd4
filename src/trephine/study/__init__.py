"""From a study plan to its result; the only place that knows every stage."""
