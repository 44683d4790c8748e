"""Gradio's reader of uploaded files takes a body that was cut off for a whole one, and leaves the files of those that
it gives up; here it refuses them, and leaves nothing. Knows nothing of what becomes of the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradio import route_utils
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect

CUT = "The upload ended before it was whole; send it again."
FIELD = "Only files are taken here."


class WholeUploads(route_utils.GradioMultiPartParser):  # type: ignore[misc]
    _ended = False

    def on_headers_finished(self) -> None:
        super().on_headers_finished()
        if self._current_part.file is None:  # Gradio would hold it in memory, however long it is
            raise MultiPartException(FIELD)

    def on_end(self) -> None:
        self._ended = True

    async def parse(self) -> Any:
        try:
            form = await super().parse()
            if not self._ended:
                raise MultiPartException(CUT)
        except BaseException as error:
            self._leave_nothing()
            if isinstance(error, ClientDisconnect):
                raise MultiPartException(CUT) from error
            if isinstance(error, OSError):
                raise MultiPartException(f"The upload cannot be stored ({error.strerror}).") from error
            raise
        return form

    def _leave_nothing(self) -> None:
        for file in self._files_to_close_on_error:
            file.close()
            Path(file.name).unlink(missing_ok=True)
        if self.upload_progress is not None and self.upload_id is not None:
            self.upload_progress.set_done(self.upload_id)


def install() -> None:
    """Gradio makes its reader by this name, at each upload."""
    route_utils.GradioMultiPartParser = WholeUploads
