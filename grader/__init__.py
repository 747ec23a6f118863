"""What instructors and authors run: build lessons, grade, report.

``python -m grader --help`` lists the commands; nbgrader uses the parts in
`grader.wiring` through nbgrader_config.py.
"""
