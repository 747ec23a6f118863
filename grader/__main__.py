"""``python -m grader``."""

import sys

# A grammar of internationalised addresses that JSON Schema compiles when it is
# imported, if it can; notebooks have none, and it takes longer than all the rest.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

from grader.cli import main  # noqa: E402

sys.exit(main())
