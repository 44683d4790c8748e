"""The profile that a library was built with, used where no setting names another.

The library keeps its embedder's name; the profile follows from it, and with it reranker and generator. So a library of
German documents, built with RAG_CHAT_PROFILE=multilingual once, is opened as such ever after.
"""

from __future__ import annotations

import contextlib

from rag_chat.config import Settings, profiles_of
from rag_chat.errors import LibraryError
from rag_chat.library.catalog import Catalog

CATALOG = "catalog.sqlite"
NAMED = frozenset({"profile", "embedder", "embedder_url"})  # settings that say which embedder is meant


def settings_of(settings: Settings) -> Settings:
    """The same settings, or those with the library's own profile; a broken library says so once it is opened."""
    if settings.model_fields_set & NAMED or not (settings.library / CATALOG).is_file():
        return settings
    built = None
    with contextlib.suppress(LibraryError), contextlib.closing(Catalog(settings.library)) as catalog:
        built = catalog.built() if catalog.documents() else None
    if built is None or built.embedder == settings.embedder_name:
        return settings
    profiles = profiles_of(built.embedder)
    return settings.model_copy(update={"profile": profiles[0]}) if profiles else settings
