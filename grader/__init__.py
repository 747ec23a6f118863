"""What instructors and authors run: build lessons, grade, report.

``python -m grader --help`` lists the commands; nbgrader uses the parts in
`grader.nbgrader_plugins.config` through nbgrader_config.py.
"""
