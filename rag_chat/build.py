"""The one place where settings become objects. Importing it loads no torch; building does."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag_chat import weights
from rag_chat.config import Settings
from rag_chat.errors import BadSetting, RagChatError, WeightsMissing

if TYPE_CHECKING:
    from rag_chat.chat.engine import Engine, PlaceQuote
    from rag_chat.chat.search import Limits, Route, Search
    from rag_chat.highlight import PageView
    from rag_chat.index.connect import Library
    from rag_chat.library.catalog import Catalog
    from rag_chat.protocols import Embedder, Generator, PairScorer, Reranker, Retriever, TokenEncoder, VectorStore
    from rag_chat.reading.reader import Reader
    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.types import Mode
    from rag_chat.weights import Weights

READ = 20  # of hybrid's candidates, whose own order is good enough that a network need not read the others
DEFAULT_ENCODER = "all-MiniLM-L6-v2"  # what the shipped reranker was trained on


@dataclass(frozen=True, slots=True)
class App:
    """Everything that a door needs, open; `close` when done."""

    settings: Settings
    engine: Engine
    library: Library
    embedder: Embedder
    reranker: Reranker
    pages: PageView
    tokens: TokenEncoder | None  # what is kept of every document's tokens, where the library is searched by them

    def close(self) -> None:
        self.pages.close()
        self.library.close()


@dataclass(frozen=True, slots=True)
class Models:
    """The models that every library and every generator share."""

    embedder: Embedder
    reranker: Reranker
    scorer: PairScorer
    reader: Reader


def open_app(settings: Settings, *, exclusive: bool = False) -> App:
    """Opens the library and loads every model; raises RagChatError with what to do where something is missing."""
    from rag_chat import language
    from rag_chat.highlight import PageView
    from rag_chat.library import remembered

    settings = remembered.settings_of(settings)
    writer = generator(settings)  # first, as a model of its own process loads while the others do here
    bi_encoder = embedder(settings)
    with ThreadPoolExecutor(1) as beside, ExitStack() as undone:
        # Mostly waiting for the index's own process.
        opening = beside.submit(library, settings, bi_encoder, exclusive=exclusive)
        undone.callback(_close, opening)
        shared = Models(bi_encoder, *reranker(settings), reader(settings))
        language.warm_up()
        opened = opening.result()
        pages = PageView(lambda path, page: opened.catalog.words(path.stem, page))  # files are named by document id
        answering = engine(
            settings,
            shared,
            writer,
            catalog=opened.catalog,
            store=opened.store,
            place_quote=lambda doc_id, page, start, end: pages.boxes(opened.catalog.file(doc_id), page, start, end),
        )
        _ = writer.trusted  # which waits for its model
        tokens = token_index(settings, bi_encoder, shared.scorer)
        undone.pop_all()
    return App(settings, answering, opened, bi_encoder, shared.reranker, pages, tokens)


def _close(opening: Future[Library]) -> None:
    """Nothing stays open, its lock above all, where a model cannot be loaded; why is told by that one's error."""
    with suppress(RagChatError):
        opening.result().close()


def models(settings: Settings) -> Models:
    """The encoder and the second stage, without any library."""
    return Models(embedder(settings), *reranker(settings), reader(settings))


def engine(
    settings: Settings,
    shared: Models,
    writer: Generator,
    *,
    catalog: Catalog,
    store: VectorStore,
    place_quote: PlaceQuote,
) -> Engine:
    """The engine over a catalog and its vectors."""
    from rag_chat.chat.engine import Engine, Stages
    from rag_chat.chat.evidence import Evidence
    from rag_chat.chat.support import ReadSupport

    card = shared.reader.card
    stages = Stages(
        catalog=catalog,
        embedder=shared.embedder,
        search=search(settings, shared, catalog, store),
        evidence=Evidence(shared.scorer, shared.reader, card.quotes, card.threshold),
        generator=writer,
        support=ReadSupport(shared.reader, card.support),
        place_quote=place_quote,
    )
    return Engine(stages, limits(settings))


def limits(settings: Settings) -> Limits:
    """The settings that a search and an answer read."""
    from rag_chat.chat.search import Limits

    return Limits(
        mode=settings.mode,
        candidates=settings.candidates,
        passages=settings.passages,
        neighbours=settings.neighbours,
        exhaustive_chunks=settings.exhaustive_chunks,
        exhaustive_seconds=settings.exhaustive_seconds,
        question_characters=settings.question_characters,
        evidence_threshold=settings.evidence_threshold,
        english_encoder=settings.english_encoder,
    )


def search(settings: Settings, shared: Models, catalog: Catalog, store: VectorStore) -> Search:
    """Both stages, in every mode."""
    from rag_chat.chat.search import Search
    from rag_chat.retrieval.saying import SayingRetriever

    saying = SayingRetriever(shared.embedder, store, catalog)
    return Search(
        catalog, routes(settings, shared, catalog, store), limits(settings), saying, shared.embedder.token_counts
    )


def routes(settings: Settings, shared: Models, catalog: Catalog, store: VectorStore) -> dict[Mode, Route]:
    """What each mode runs over a catalog and its vectors."""
    from rag_chat.chat.search import WEAK, Route
    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.rerank.keep_order import KeepOrder
    from rag_chat.retrieval.dense import DenseRetriever
    from rag_chat.retrieval.hybrid import HybridRetriever

    dense = DenseRetriever(shared.embedder, store, catalog)
    hybrid = HybridRetriever(shared.embedder, store, catalog)
    weak = WEAK if isinstance(shared.reranker, InteractionReranker) else None  # the limit is of its probabilities
    return {
        "dense": Route(dense, KeepOrder()),
        "rerank": Route(dense, shared.reranker, weak=weak),
        "exhaustive": Route(dense, shared.reranker, weak=weak),
        "hybrid": Route(hybrid, shared.reranker, read=READ, weak=weak),
        "late-interaction": late_interaction(settings, shared, catalog, store, hybrid),
    }


def late_interaction(
    settings: Settings, shared: Models, catalog: Catalog, store: VectorStore, hybrid: Retriever
) -> Route:
    """MaxSim, over the library where it keeps token vectors of all, and over what hybrid finds."""
    from rag_chat.chat.search import Route
    from rag_chat.rerank.late_interaction import LateInteractionReranker
    from rag_chat.rerank.token_encoders import NetworkTokens
    from rag_chat.retrieval.late_interaction import LateInteractionRetriever

    encoder = token_encoder(settings, shared.embedder, shared.scorer)
    order = encoder.order if isinstance(encoder, NetworkTokens) else None  # what its weights were set for
    retriever = LateInteractionRetriever(encoder, hybrid, shared.embedder, store, catalog)
    return Route(retriever, LateInteractionReranker(encoder, catalog, order), widened=4)


def token_encoder(settings: Settings, encoder: Embedder, scorer: PairScorer | None = None) -> TokenEncoder:
    """The configured checkpoint's token vectors, else those of the project's own reranker, which `scorer` may be. Those
    are of the default encoder: another one on this machine gives its own."""
    from rag_chat.index.embedders import BiEncoder
    from rag_chat.rerank.interaction import InteractionReranker
    from rag_chat.rerank.token_encoders import MultiVectorTokens, NetworkTokens, StageOneTokens

    if settings.token_encoder is not None:
        return MultiVectorTokens(weights.find(settings.token_encoder, offline=settings.offline))
    if isinstance(encoder, BiEncoder) and encoder.name != DEFAULT_ENCODER:
        return StageOneTokens(encoder)
    return NetworkTokens(scorer if isinstance(scorer, InteractionReranker) else _own_reranker())


def token_index(settings: Settings, encoder: Embedder, scorer: PairScorer | None = None) -> TokenEncoder | None:
    """What makes the token vectors that come with every document; None where the library is searched otherwise."""
    return token_encoder(settings, encoder, scorer) if settings.mode == "late-interaction" else None


def embedder(settings: Settings) -> Embedder:
    """Stage one's encoder, on this machine or behind a URL."""
    if settings.embedder_url is not None:
        from rag_chat.endpoint import Endpoint
        from rag_chat.index.remote_embedder import RemoteEmbedder

        model = _named(settings.embedder, "embedder")
        url = f"{settings.embedder_url.rstrip('/')}/embeddings"
        encoder = weights.find(DEFAULT_ENCODER, offline=True)
        assert encoder.path is not None
        return RemoteEmbedder(
            Endpoint(url, "embedding", "embedder_url", settings.embedder_key), model, encoder.path / "tokenizer.json"
        )
    from rag_chat.index.embedders import BiEncoder

    return BiEncoder(weights.find(settings.embedder_name, offline=settings.offline))


def library(settings: Settings, encoder: Embedder, *, exclusive: bool) -> Library:
    from rag_chat.index.connect import open_library

    return open_library(
        settings.library,
        encoder.name,
        encoder.dimension,
        chunk_tokens=min(settings.chunk_tokens, encoder.longest),
        overlap=settings.chunk_overlap_tokens,
        exclusive=exclusive,
    )


def reranker(settings: Settings) -> tuple[Reranker, PairScorer]:
    """The second stage, and what scores sentences: the same model, or the default where the second stage is remote."""
    name = settings.reranker_name
    if settings.reranker_url is not None:
        from rag_chat.endpoint import Endpoint
        from rag_chat.rerank.remote import RemoteReranker

        model = _named(settings.reranker, "reranker")
        endpoint = Endpoint(settings.reranker_url, "reranker", "reranker_url", settings.reranker_key)
        return RemoteReranker(endpoint, model), _own_reranker()
    found = weights.find(name, offline=settings.offline) if name != "none" else None
    if found is not None and (found.path is None or not (found.path / "combination.json").exists()):
        from rag_chat.rerank.cross_encoder import CrossEncoderReranker

        foreign = CrossEncoderReranker(found)
        return foreign, foreign
    from rag_chat.rerank.keep_order import KeepOrder

    own = _own_reranker(found)
    return (KeepOrder() if name == "none" else own), own


def _own_reranker(found: Weights | None = None) -> InteractionReranker:
    """The project's reranker, the shipped weights where no others are named."""
    from rag_chat.rerank.interaction import InteractionReranker

    shipped = found or weights.find("minilm-interaction", offline=True)
    own = InteractionReranker(shipped, weights.find(DEFAULT_ENCODER, offline=True))
    own.warm_up()
    return own


def _named(model: str | None, role: str) -> str:
    """The server's model; a default of this machine's would hardly be meant."""
    if model is None:
        raise BadSetting(f"`{role}_url` is set but `{role}` is not; name the server's model there.")
    return model


def reader(settings: Settings) -> Reader:
    """What finds the answer in a passage and checks sentences."""
    from rag_chat.reading.reader import Reader

    return Reader(weights.find(settings.reader, on_hubs=False), weights.find(DEFAULT_ENCODER, offline=True))


def generator(settings: Settings) -> Generator:
    """The configured generator; quoting where the default's weights are not installed."""
    from rag_chat.chat import prompt
    from rag_chat.generation.quoting import QuotingGenerator

    name = settings.generator_name
    if settings.generator_url is not None:
        from rag_chat.generation.remote import RemoteGenerator

        return RemoteGenerator(
            settings.generator_url,
            _named(settings.generator, "generator"),
            prompt.from_passages,
            key=settings.generator_key,
            most=settings.max_new_tokens,
        )
    if name == "quoting":
        return QuotingGenerator()
    try:
        found = weights.find(name, offline=settings.offline)
    except WeightsMissing:
        if settings.generator is not None:  # asked for by name: a fallback would be silent
            raise
        return QuotingGenerator()
    from rag_chat.generation.apart import GeneratorApart

    return GeneratorApart(
        found, (prompt.from_quotes, prompt.from_passages), cache=settings.cache, most=settings.max_new_tokens
    )
