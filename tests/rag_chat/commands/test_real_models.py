"""`rag-ingest`, `search`, `ask` and `eval` on the installed encoder, in one library made from a PDF.

The reranker is the default's network before any training: its ranking is cosine and MaxSim, its files are small.
"""

import json

import pytest
from texts import TARNWICK

from rag_chat import cli

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def settings(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("library", "reranker", "cache"):
        monkeypatch.setenv(f"RAG_CHAT_{name.upper()}", str(folder / name))
    monkeypatch.setenv("RAG_CHAT_GENERATOR", "quoting")


def lines(capfd, *arguments):
    assert cli.run(arguments) == 0
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


def test_a_file_of_queries_gives_a_line_each_in_the_order_they_came(capfd, folder):
    asked = [
        {"id": "z", "text": "how long is the guarantee of the pump?", "documents": ["harbor.pdf"]},
        {"id": 1, "text": "when does the tide gate open?"},
    ]
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    found = lines(capfd, "search", "--queries", "queries.jsonl", "--json")
    assert [line["id"] for line in found] == ["z", 1]
    assert [line["candidates"][0]["page"] for line in found] == [2, 1]
    assert {"embed", "retrieve", "rerank", "total"} <= found[0]["seconds"].keys()


def test_dense_mode_keeps_the_order_of_stage_one(capfd):
    (found,) = lines(capfd, "search", "tide gate", "--mode", "dense", "--candidates", "2", "--json")
    assert found["mode"] == "dense"
    assert [c["rank"] for c in found["candidates"]] == [c["stage1_rank"] for c in found["candidates"]] == [1, 2]


def test_an_answer_as_json_cites_the_page_that_carries_it(capfd):
    (answer,) = lines(capfd, "ask", "How long is the guarantee of the circulation pump?", "--json")
    assert "thirty months" in answer["answer"] and not answer["abstained"]
    cited = answer["citations"][0]
    assert cited["page"] == 2 and "thirty months" in cited["quote"]
    assert answer["seconds"]["total"] > 0


def test_pages_and_days_hold_a_search(capfd):
    (found,) = lines(capfd, "search", "tide gate", "--pages", "2-9", "--since", "2020-01-01", "--json")
    assert [c["page"] for c in found["candidates"]] == [2]
    (answer,) = lines(capfd, "ask", "When does the tide gate open?", "--pages", "1", "--json")
    assert [p["page"] for p in answer["passages"]] == [1]


def test_an_answer_for_people_has_its_source_and_times_and_no_json(capfd):
    assert cli.run(["ask", "When does the tide gate open?"]) == 0
    out = capfd.readouterr().out
    assert "harbor.pdf, page 1" in out and "total" in out and "{" not in out


def retrieval_set(folder, texts, queries, qrels):
    """In BEIR's layout: ids are places from 0, `qrels` a text's place for each query."""
    folder.mkdir()
    rows = [{"_id": str(n), "title": "", "text": text} for n, text in enumerate(texts)]
    asked = [{"_id": f"q{n}", "text": text} for n, text in enumerate(queries)]
    judged = "".join(f"q{n}\t{place}\t1\n" for n, place in enumerate(qrels))
    for name, lines_ in (("corpus.jsonl", rows), ("queries.jsonl", asked)):
        said = "\n".join(json.dumps(row, ensure_ascii=False) for row in lines_)
        (folder / name).write_text(said, encoding="utf-8")
    (folder / "qrels.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")


def test_eval_prints_a_row_for_each_stage_of_each_mode(capfd, folder):
    retrieval_set(folder / "toy", [page[0] for page in TARNWICK], ["guarantee of the pump"], [1])
    (found,) = lines(capfd, "eval", "toy", "--json")
    assert (found["dataset"], found["queries"]) == ("toy", 1)
    assert {tuple(row) for row in found["rows"]} == {
        ("mode", "stage", "ndcg@10", "recall@50", "mrr@10", "ms_per_query", "p", "note")
    }
    modes = ["rerank", "hybrid", "late-interaction", "exhaustive"]
    assert [(row["mode"], row["stage"]) for row in found["rows"]] == [
        ("dense", "stage1"), *((mode, stage) for mode in modes for stage in ("stage1", "final"))
    ]  # fmt: skip
    assert {row["ndcg@10"] for row in found["rows"]} == {1.0}


def test_eval_reads_a_set_of_another_language_and_runs_auto_as_users_get_it(capfd, folder):
    """XQuAD's shape: passages and questions in one language, one passage right for each."""
    texts = [
        "Das Gezeitentor von Tarnwick öffnet um fünf Uhr früh und schließt um neun.",
        "Die Umwälzpumpe hat eine Garantie von dreißig Monaten.",
        "El grano se transporta en tren desde el muelle del norte.",
        "京都の人口は約百四十五万人です。",
    ]
    queries = ["Wann öffnet das Gezeitentor?", "¿Cómo se transporta el grano?", "京都の人口は？"]
    retrieval_set(folder / "xquad_toy", texts, queries, [0, 2, 3])
    (found,) = lines(capfd, "eval", "xquad_toy", "--mode", "auto", "--mode", "hybrid", "--json")
    assert (found["dataset"], found["queries"]) == ("xquad_toy", 3)
    auto, _, final = found["rows"]
    assert (auto["mode"], auto["stage"], final["mode"]) == ("auto", "final", "hybrid")
    assert auto["note"].startswith("exhaustive for 3; searched again for ")
    assert (auto["ndcg@10"], final["ndcg@10"], auto["p"]) == (1.0, 1.0, 1.0)
    assert cli.run(["eval", "xquad_toy", "--mode", "auto", "--limit", "1"]) == 0
    shown = capfd.readouterr().out
    assert "auto: exhaustive for 1; searched again for" in shown
