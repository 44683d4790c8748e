"""Settings: argument > `RAG_CHAT_*` environment > TOML file > default, read once at the start of a command."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from rag_chat.errors import BadSetting
from rag_chat.question import MOST_CANDIDATES, MOST_PASSAGES
from rag_chat.types import Mode

PREFIX = "RAG_CHAT_"
DEFAULT_FILE = Path("data/rag.toml")
SECRETS = frozenset({"generator_key", "embedder_key", "reranker_key"})  # from the environment only

Profile = Literal["small", "standard", "quality", "multilingual"]

# Sets of models for machines of different size: embedder, reranker, generator. `small` needs no hub.
PROFILES: dict[Profile, tuple[str, str, str]] = {
    "small": ("all-MiniLM-L6-v2", "minilm-interaction", "SmolLM2-135M-Instruct"),
    "standard": ("all-MiniLM-L6-v2", "minilm-interaction", "Qwen/Qwen3-4B-Instruct-2507"),
    "quality": ("BAAI/bge-base-en-v1.5", "BAAI/bge-reranker-v2-m3", "Qwen/Qwen3-4B-Instruct-2507"),
    "multilingual": (
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        "BAAI/bge-reranker-v2-m3",
        "Qwen/Qwen3-4B-Instruct-2507",
    ),
}
ENGLISH_PROFILES: tuple[Profile, ...] = ("small", "standard", "quality")


def profiles_of(embedder: str) -> list[Profile]:
    """Those with this embedder; none for an embedder of the user's own."""
    return [profile for profile, models in PROFILES.items() if models[0] == embedder]


class Settings(BaseSettings):
    """Every setting of the product; the same names in the environment and in the TOML file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    # where
    library: Path = Path("data/library")  # everything the user has put in
    cache: Path = Path("data/cache")  # unpacked models; may be deleted
    host: str = "127.0.0.1"
    port: int = Field(7860, ge=1, le=65535)
    offline: bool = False  # no network call but to configured servers

    # models: None means the profile's
    profile: Profile = "small"
    embedder: str | None = None
    embedder_url: str | None = None  # an OpenAI-compatible server; `embedder` is then its model's name
    embedder_key: SecretStr | None = None
    reranker: str | None = None  # "none" keeps stage one's order
    reranker_url: str | None = None  # Cohere's, Jina's, vLLM's or TEI's rerank; `reranker` is then its model's name
    reranker_key: SecretStr | None = None
    token_encoder: str | None = (
        None  # a ColBERT checkpoint for late interaction; None: the reranker's or the embedder's
    )
    reader: str = "minilm-reader"  # a folder made by `rag-chat train support`
    generator: str | None = None  # a folder, a hub id, or "quoting"
    generator_url: str | None = None  # an OpenAI-compatible server; `generator` is then its model's name
    generator_key: SecretStr | None = None

    # retrieval
    mode: Mode = "auto"
    candidates: int = Field(50, ge=1, le=MOST_CANDIDATES)
    passages: int = Field(5, ge=1, le=MOST_PASSAGES)
    neighbours: int = Field(0, ge=0, le=5)  # chunks before and after a passage that go along with it
    exhaustive_chunks: int = Field(500, ge=0)  # that `auto` may read whole, of a language not read
    exhaustive_seconds: float = Field(1.0, gt=0)  # ... where this machine does that within so many seconds

    # answers
    evidence_threshold: float | None = Field(
        None, ge=0, le=1
    )  # of the best quote; None: the value that came with the reader
    max_new_tokens: int = Field(160, ge=8, le=4096)
    question_characters: int = Field(4000, ge=1)

    # ingest
    chunk_tokens: int = Field(250, ge=32, le=8192)
    chunk_overlap_tokens: int = Field(40, ge=0, le=1024)
    max_file_mb: int = Field(200, ge=1)
    max_pages: int = Field(5000, ge=1)
    parse_seconds: int = Field(600, ge=1)  # for one document, the recognition of scanned pages aside
    parse_memory_mb: int = Field(2048, ge=256)

    @property
    def embedder_name(self) -> str:
        return self.embedder or PROFILES[self.profile][0]

    @property
    def english_encoder(self) -> str:
        """Stage one's encoder where it is one of the profiles' for English, else ""; nothing is known of others."""
        english = self.embedder_url is None and self.embedder_name in {PROFILES[p][0] for p in ENGLISH_PROFILES}
        return self.embedder_name if english else ""

    @property
    def reranker_name(self) -> str:
        return self.reranker or PROFILES[self.profile][1]

    @property
    def generator_name(self) -> str:
        return self.generator or PROFILES[self.profile][2]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings


def load(file: Path | None = None, **arguments: Any) -> Settings:
    """Reads the settings; arguments that are None count as not given.

    Raises BadSetting with the key, the value seen and, for an unknown key, the nearest valid one.
    """
    given = {key: value for key, value in arguments.items() if value is not None}
    _refuse_unknown(given, "call")
    _refuse_unknown((k.removeprefix(PREFIX).lower() for k in os.environ if k.startswith(PREFIX)), "environment")
    from_file = _read_file(file)
    environment = {k.removeprefix(PREFIX).lower() for k, v in os.environ.items() if k.startswith(PREFIX) and v}
    merged = {k: v for k, v in from_file.items() if k not in environment} | given
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        seen = "" if key in SECRETS else f" '{first.get('input')}'"
        raise BadSetting(f"The setting '{key}' cannot take the value{seen}: {first['msg']}.") from error


def _read_file(file: Path | None) -> Mapping[str, Any]:
    path = file or DEFAULT_FILE
    if not path.exists():
        if file is not None:
            raise BadSetting(f"No settings file '{file}' is there; leave --config out or name one that exists.")
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetting(f"The settings file '{path.name}' cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"The settings file '{path.name}' is not TOML: {error}.") from error
    _refuse_unknown(values, f"file '{path.name}'")
    for key in SECRETS & values.keys():
        raise BadSetting(f"'{key}' is a secret and must come from the environment ({PREFIX}{key.upper()}), not a file.")
    return values


def _refuse_unknown(keys: Any, where: str) -> None:
    # Two switches of the libraries around the product share the prefix without being settings.
    known = [*Settings.model_fields, "malloc", "config"]
    for key in keys:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
            raise BadSetting(f"Unknown setting '{key}' in the {where}; the nearest that exists is '{nearest}'.")
