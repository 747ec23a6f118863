"""The lessons on a student's computer: the working folder, its updates, and JupyterLab.

`python -m dlcore` and the command ``dlcore`` lead here.
"""

from dlcore.lab.folder import copy_lessons, update_lessons
from dlcore.lab.jupyterlab import lab_environment, open_lab
from dlcore.lab.released import released_folder

__all__ = ["copy_lessons", "lab_environment", "open_lab", "released_folder", "update_lessons"]
