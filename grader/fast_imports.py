"""Imported before anything that imports jsonschema, to keep it from compiling a grammar that nothing here needs.

It is the grammar of internationalised addresses, of which notebooks have none; compiling it takes longer than all
other imports together. jsonschema does without it where it is not installed, and that is what it is told here.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
