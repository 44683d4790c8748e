"""The profile `multilingual` loads what it names: tiny models of the very classes, in folders as the hub's are."""

from contextlib import closing

import pytest
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import Unigram
from transformers import (
    BertConfig,
    BertModel,
    PreTrainedTokenizerFast,
    XLMRobertaConfig,
    XLMRobertaForSequenceClassification,
)
from values import candidate

from ingest.pipeline import Ingestor
from rag_chat import build, config, front
from rag_chat.errors import LibraryMismatch
from rag_chat.index.embedders import BiEncoder
from rag_chat.library.catalog import Built
from rag_chat.rerank.cross_encoder import CrossEncoderReranker

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]
PIECES = ["▁", *"abcdefghijklmnopqrstuvwxyzäöüßéñ東京都の人口", "▁tor", "▁gate", "▁puerta"]
TEXTS = ["das tor", "the gate", "la puerta", "東京都の人口"]


def tokenizer():
    """A SentencePiece tokenizer as XLM-RoBERTa has it."""
    pieces = Tokenizer(Unigram([(piece, -1.0 - i / 100) for i, piece in enumerate([*SPECIAL, *PIECES])], unk_id=3))
    pieces.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace("\n", " ")])
    pieces.pre_tokenizer = pre_tokenizers.Metaspace()
    pieces.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, bos_token="<s>", cls_token="<s>", eos_token="</s>", sep_token="</s>",
        pad_token="<pad>", unk_token="<unk>", mask_token="<unk>", model_max_length=64,
    )  # fmt: skip


SIZE = dict(
    vocab_size=len(SPECIAL) + len(PIECES), hidden_size=32, num_hidden_layers=1, num_attention_heads=2,
    intermediate_size=48, max_position_embeddings=80, pad_token_id=1,
)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("multilingual")
    BertModel(BertConfig(**SIZE)).save_pretrained(root / "embedder")
    XLMRobertaForSequenceClassification(XLMRobertaConfig(**SIZE, num_labels=1)).save_pretrained(root / "reranker")
    for name in ("embedder", "reranker"):
        tokenizer().save_pretrained(root / name)
    return root


def test_both_stages_load_offline_from_folders_and_read_every_script(folders):
    settings = config.load(
        profile="multilingual", offline=True, embedder=str(folders / "embedder"), reranker=str(folders / "reranker")
    )
    encoder = build.embedder(settings)
    assert isinstance(encoder, BiEncoder)
    vectors = encoder.encode_passages(TEXTS)
    assert vectors.shape == (4, 32)
    assert len({tuple(vector.round(3)) for vector in vectors}) == 4
    second, scorer = build.reranker(settings)
    assert isinstance(second, CrossEncoderReranker) and scorer is second
    ranked = second.rerank("東京都の人口", [candidate(text, rank=rank) for rank, text in enumerate(TEXTS, start=1)])
    assert sorted(c.stage1_rank for c in ranked) == [1, 2, 3, 4]
    assert all(0 <= c.score <= 1 for c in ranked)


def test_chunks_are_measured_in_the_encoders_own_tokens(folders):
    encoder = build.embedder(config.load(offline=True, embedder=str(folders / "embedder")))
    assert encoder.token_counts(["東京都の人口", "gate", ""]) == [7, 1, 0]


def test_a_chunk_is_no_longer_than_what_the_encoder_reads(folders, tmp_path):
    encoder = build.embedder(config.load(offline=True, embedder=str(folders / "embedder")))
    assert encoder.longest == 62  # of 64, two of them for the special tokens
    settings = config.load(offline=True, embedder=str(folders / "embedder"), library=tmp_path / "library")
    text = tmp_path / "die puerta.md"
    text.write_text("# tor gate\n\n" + "das tor the gate la puerta. " * 60, encoding="utf-8")
    with closing(build.library(settings, encoder, exclusive=True)) as library:
        with Ingestor(library, encoder, settings) as ingestor:
            assert ingestor.add(text).status == "ready"
        chunks = library.catalog.all_chunks()
        assert library.catalog.built() == Built(encoder.name, 32, 62, settings.chunk_overlap_tokens)
        library.catalog.set_built(Built(encoder.name, 32, 250, settings.chunk_overlap_tokens))  # as before this limit
    read = [front.before(text.name, chunk.heading, chunk.text) for chunk in chunks]
    assert 50 < max(encoder.token_counts(read)) <= 62
    with pytest.raises(LibraryMismatch, match=r"chunks of 250 tokens.* chunks of 62 tokens.*--rebuild"):
        build.library(settings, encoder, exclusive=True)


def test_only_the_profiles_for_english_warn(folders):
    assert build.limits(config.load()).english_encoder == "all-MiniLM-L6-v2"
    assert build.limits(config.load(profile="multilingual")).english_encoder == ""
    assert build.limits(config.load(embedder=str(folders / "embedder"))).english_encoder == ""
