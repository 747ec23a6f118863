"""The instructors' and authors' side: build lessons, grade submissions, report.

``python -m grader --help`` lists the commands; nbgrader loads the plugins in
`grader.nbgrader_plugins` through nbgrader_config.py.
"""
