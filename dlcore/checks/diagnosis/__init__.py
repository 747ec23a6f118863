"""Diagnose a wrong return value in one sentence.

`diagnose` looks for the likely mistake: a wrong type or shape, a sign, a factor, a
transposition, NaN. Each diagnosis has a *gist*, which reveals no numbers and so may
be shown for a hidden check, and a *detail*, which does. `difference` says where two
values differ and guesses no cause, for mistakes whose cause is known.
"""

from dlcore.checks.diagnosis.difference import difference
from dlcore.checks.diagnosis.structure import diagnose
from dlcore.checks.diagnosis.words import Diagnosis, show

__all__ = ["Diagnosis", "diagnose", "difference", "show"]
