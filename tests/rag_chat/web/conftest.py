from __future__ import annotations

from dataclasses import replace

import pytest
from scripted_engine import ScriptedBackend
from scripted_events import Page

from rag_chat.library.incoming import Incoming
from rag_chat.web.backend import Loading
from rag_chat.web.uploads import Uploads


@pytest.fixture
def started(tmp_path):
    """Makes a queue over what adds documents; called again it is the next life of the same library."""

    def start(add) -> tuple[Loading, Uploads]:
        backend = replace(ScriptedBackend().backend(), add_document=add)
        loading = Loading(lambda: backend)
        return loading, Uploads(loading, Incoming(tmp_path / "library"))

    return start


@pytest.fixture
def page(tmp_path):
    made = Page(tmp_path)
    yield made
    made.loading.close()
