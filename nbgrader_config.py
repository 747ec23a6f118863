"""nbgrader for this course. Plain `nbgrader` commands read it too."""

from grader.nbgrader_plugins import configure

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "deep-learning-from-scratch"

# The gradebook is a SQLite file beside this one, unless an (at first empty) database is named:
# c.CourseDirectory.db_url = "postgresql://grader@localhost/gradebook"

configure(c)

# What one submission may use (docs/grading.md has all names), such as
# c.RunSubmission.cell_seconds = 10
# c.RunSubmission.memory_mb = 1500
