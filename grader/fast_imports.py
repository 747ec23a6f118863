"""Keep jsonschema from importing rfc3987_syntax; must be imported before anything that imports jsonschema.

rfc3987_syntax compiles a grammar of internationalised URIs, which takes longer than all other imports together and
is of no use for notebooks. It is an optional dependency, so it is marked as not installed.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
