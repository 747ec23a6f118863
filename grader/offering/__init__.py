"""Numbers of one's own: hidden checks drawn anew from a course's secret."""
