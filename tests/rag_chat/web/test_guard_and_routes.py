"""The HTTP edge: what is served, what is refused, and the headers of every answer."""

from __future__ import annotations

import asyncio
import io
import re
import time

import pytest
from fastapi import FastAPI
from PIL import Image
from reportlab.pdfgen import canvas
from scripted_engine import ScriptedBackend
from starlette.testclient import TestClient

from rag_chat.errors import PortInUse, WeightsMissing
from rag_chat.web import server

BASE = "http://127.0.0.1:7860"


def ready(client: TestClient) -> None:
    for _ in range(200):
        if client.get("/readyz").status_code == 200:
            return
        time.sleep(0.02)
    raise AssertionError("not ready")


def make_app(open_backend) -> FastAPI:
    """Inside a running event loop, because Gradio otherwise makes loops of its own and never closes them."""

    async def made() -> FastAPI:
        return server.create_app(open_backend, host="127.0.0.1", max_file_mb=1, samples=())

    return asyncio.run(made())


@pytest.fixture(scope="module")
def scripted():
    return ScriptedBackend()


@pytest.fixture(scope="module")
def client(scripted):
    app = make_app(scripted.backend)
    with TestClient(app, base_url=BASE) as opened:
        ready(opened)
        yield opened


@pytest.fixture(scope="module")
def doc_id(scripted, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "a.pdf"
    sheet = canvas.Canvas(str(path))
    sheet.drawString(72, 700, "Quoted words on a page.")
    sheet.save()
    return scripted.add(path, "a.pdf", lambda step: None).doc_id


def test_page_comes_with_policy_and_headers(client):
    answer = client.get("/")
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


def test_page_names_no_other_host(client):
    own = {"www.w3.org", "127.0.0.1"}
    page = client.get("/").text + client.get("/theme.css").text + client.get("/page.js").text
    assert set(re.findall(r"(?:src|href)=[\"']https?://([\w.-]+)", page)) <= own
    assert not re.findall(r"@import|url\([\"']?https?:", page)


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://127.0.0.1:1/x.png",
        "/gradio_api/file=https://evil.example/x.png",
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=..%2f..%2fetc%2fpasswd",
        "/gradio_api/file//etc/passwd",
        "/gradio_api/file%3d/etc/passwd",
        "/file=/etc/passwd",
        "/gradio_api/proxy=https://evil.example/",
        "/proxy=https://evil.example/",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/runs",
        "/gradio_api/vibe-code",
        "/gradio_api/openapi.json",
        "/gradio_api/mcp/sse",
        "/custom_component/x/y/z/a.js",
        "/openapi.json",
        "/docs",
    ],
)
def test_routes_that_the_page_does_not_need_are_not_there(client, path):
    answer = client.get(path)
    assert answer.status_code in (403, 404)
    assert "root:" not in answer.text
    assert "content-security-policy" in answer.headers


def test_unknown_host_is_refused_so_that_a_foreign_name_cannot_point_here(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 403
    assert client.get("/", headers={"host": "localhost:7860"}).status_code == 200


def test_post_from_another_origin_is_refused(client):
    for origin in ("http://evil.example", "null", "http://127.0.0.1:9"):
        assert client.post("/gradio_api/queue/join", json={}, headers={"origin": origin}).status_code == 403
    assert client.post("/gradio_api/queue/join", json={}, headers={"origin": BASE}).status_code == 422


def test_upload_over_the_size_limit_is_refused(client):
    files = {"files": ("big.pdf", b"%PDF" + b"x" * 2_000_000)}
    assert client.post("/gradio_api/upload", files=files).status_code == 413


def test_page_image_is_served_with_its_boxes(client, doc_id):
    answer = client.get(f"/pages/{doc_id}/1.png?start=0&end=6")
    assert answer.headers["content-type"] == "image/png"
    assert "private" in answer.headers["cache-control"]
    plain = client.get(f"/pages/{doc_id}/1.png")
    assert Image.open(io.BytesIO(answer.content)).width == Image.open(io.BytesIO(plain.content)).width >= 900
    assert answer.content != plain.content


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"/pages/{'0' * 64}/1.png", 404),
        ("/pages/..%2f..%2fetc/1.png", 404),
        ("/pages/{doc}/0.png", 404),
        ("/pages/{doc}/2.png", 404),
        ("/pages/{doc}/-1.png", 404),
        ("/pages/{doc}/x.png", 422),
        ("/pages/{doc}/1.png?start=5&end=2", 422),
        ("/pages/{doc}/1.png?start=5", 422),
        ("/pages/{doc}/1.png?start=-5&end=2", 422),
        ("/pages/{doc}/1.png?width=100000", 422),
        ("/pages/{doc}/1.png?" + "start=1&end=2&" * 21, 422),
    ],
)
def test_page_route_takes_nothing_but_pages_of_the_library(client, doc_id, path, status):
    answer = client.get(path.replace("{doc}", doc_id))
    assert answer.status_code == status
    assert "/" not in str(answer.json().get("error", ""))  # no path of this machine


def test_page_is_served_while_models_load_and_says_why_they_cannot():
    def fail():
        time.sleep(0.3)
        raise WeightsMissing("The weights are not here; run: make weights.")

    app = make_app(fail)
    with TestClient(app, base_url=BASE) as opened:
        assert opened.get("/").status_code == 200
        assert opened.get("/readyz").json()["status"] == "loading"
        assert opened.get(f"/pages/{'0' * 64}/1.png").status_code == 503
        time.sleep(0.6)
        assert opened.get("/readyz").json() == {
            "status": "failed",
            "error": "The weights are not here; run: make weights.",
        }
        assert opened.get("/healthz").status_code == 200


def test_taken_port_is_one_sentence():
    first = server.listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(PortInUse, match=f"127.0.0.1:{port} cannot be used .* RAG_CHAT_PORT"):
        server.listen("127.0.0.1", port)
    first.close()
