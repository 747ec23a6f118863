"""nbgrader's exchange, for classes of which some do not use it."""

from __future__ import annotations

import glob
from pathlib import Path

from nbgrader.exchange.default import ExchangeReleaseFeedback

from grader.submissions.timestamps import EXCHANGE_FILES

__all__ = ["ReleaseFeedback"]


class ReleaseFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """nbgrader's `release_feedback`, which otherwise ends at the first submission that was placed by hand."""

    src_path: str

    def copy_files(self) -> None:
        """Release the pages of those who submitted through the exchange, and name the others."""
        folders = self.src_path
        try:
            for folder in sorted(glob.glob(folders)):
                missing = [name for name in EXCHANGE_FILES if not (Path(folder) / name).is_file()]
                if missing:
                    said = "%s has no %s, as it did not come through the exchange: send its pages in another way"
                    self.log.warning(said, folder, " and no ".join(missing))
                    continue
                self.src_path = glob.escape(folder)
                super().copy_files()
        finally:
            self.src_path = folders
