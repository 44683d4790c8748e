"""The HTTP edge: what is served, what is refused, and the headers of every answer."""

from __future__ import annotations

import io
import re
import threading
import time

import numpy as np
import pytest
from PIL import Image
from reportlab.pdfgen import canvas
from scripted_engine import ScriptedBackend
from served import BASE, make_app, ready
from starlette.testclient import TestClient

from rag_chat.errors import PortInUse, WeightsMissing
from rag_chat.types import Document, Page
from rag_chat.web import server


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


def test_page_shows_its_frame_before_any_script_has_run(client):
    page = client.get("/").text
    assert page.index("first-paint") < page.index("window.gradio_config") < page.index("assets/index")
    assert client.get("/", headers={"accept-encoding": "gzip"}).text == page


def test_page_names_no_other_host(client):
    own = {"www.w3.org", "127.0.0.1"}
    page = (
        client.get("/").text
        + client.get("/theme.css").text
        + "".join(client.get(f"/{name}").text for name in server.SCRIPTS)
    )
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


@pytest.mark.parametrize("path", ["mcp", "mcp/", "mcp/http", "mcp/sse", "mcp/messages", "mcp/schema", "api/predict"])
@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
def test_no_tool_is_offered_beside_the_page(client, path, method):
    call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"name": "ask", "arguments": {"question": "x"}}}
    for root in ("/", "/gradio_api/"):
        for headers in ({}, {"origin": BASE}, {"host": "evil.example"}, {"origin": "http://evil.example"}):
            answer = client.post(f"{root}{path}", json=call, headers=headers)
            assert answer.status_code in (403, 404, 405)
            assert "jsonrpc" not in answer.text and "tools" not in answer.text


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
    assert (answer.headers["x-boxes"].count(","), plain.headers["x-boxes"]) == (3, "")


def test_pdf_is_served_from_the_library_and_may_run_nothing(client, doc_id):
    answer = client.get(f"/documents/{doc_id}.pdf")
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == 'inline; filename="a.pdf"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    for other in (f"/documents/{'0' * 64}.pdf", "/documents/..%2fcatalog.sqlite.pdf", "/documents/x.pdf"):
        assert client.get(other).status_code == 404


def test_document_without_pages_is_handed_out_to_be_saved_and_never_shown(client, scripted, tmp_path):
    doc_id = "c" * 64
    (tmp_path / "a.html").write_text("<script>alert(1)</script>")
    document = Document(doc_id, "a.html", "", 1, 0, 9, "2026-01-01T00:00:00Z", (), kind="html")
    scripted.catalog.keep_file(doc_id, tmp_path / "a.html", "html")
    scripted.catalog.add(document, [Page(1, "¶ 1", "Text")], [], np.zeros((0, 1), dtype=np.float32), [])
    answer = client.get(f"/documents/{doc_id}")
    assert answer.headers["content-disposition"] == 'attachment; filename="a.html"'
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert [client.get(route).status_code for route in (f"/pages/{doc_id}/1.png", f"/documents/{doc_id}.pdf")] == [
        404
    ] * 2
    assert client.get(f"/documents/{'0' * 64}").status_code == 404


def test_deleted_document_is_gone_from_every_route(client, scripted, tmp_path):
    path = tmp_path / "b.pdf"
    sheet = canvas.Canvas(str(path))
    sheet.drawString(72, 700, "Soon gone.")
    sheet.save()
    doc_id = scripted.add(path, "b.pdf", lambda step: None).doc_id
    routes = [f"/pages/{doc_id}/1.png", f"/documents/{doc_id}.pdf"]
    assert [client.get(route).status_code for route in routes] == [200, 200]
    scripted.catalog.delete(doc_id)
    assert [client.get(route).status_code for route in routes] == [404, 404]


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
    looked = threading.Event()

    def fail():
        assert looked.wait(60)
        raise WeightsMissing("The weights are not here; run: make weights.")

    app = make_app(fail)
    with TestClient(app, base_url=BASE) as opened:
        assert opened.get("/").status_code == 200
        assert opened.get("/readyz").json()["status"] == "loading"
        assert opened.get(f"/pages/{'0' * 64}/1.png").status_code == 503
        assert "still being opened" in opened.get("/conversations").text
        looked.set()
        while opened.get("/readyz").json()["status"] == "loading":
            time.sleep(0.02)
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
