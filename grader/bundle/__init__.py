"""What a teacher hands out: a zip from which students install the course, without the repository."""
