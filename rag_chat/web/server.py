"""The page as an ASGI application, and the server that serves it on this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import FileResponse, JSONResponse

from rag_chat import quiet
from rag_chat.errors import PortInUse
from rag_chat.library.incoming import Incoming
from rag_chat.web.backend import Backend, Loading
from rag_chat.web.upload_folder import UploadFolder

SWEEP_SECONDS = 600.0
HERE = Path(__file__).parent
SCRIPTS = ("page.js", "composer.js", "sources.js", "talks.js", "dialogs.js", "passwords.js", "server.js")


def create_app(
    open_backend: Callable[[], Backend], *, host: str, max_file_mb: int, samples: Sequence[tuple[Path, Sequence[str]]],
    library: Path | None = None, token: str | None = None,
) -> FastAPI:  # fmt: skip
    """`open_backend` runs in a thread once the server has started; the page is there before it returns.

    Uploads wait in the `library` folder, where a restart finds them; without one they end with the server. Commands
    beside the app are answered where they know the `token`.
    """
    folder = UploadFolder()
    os.environ["GRADIO_TEMP_DIR"] = str(folder.arriving)  # Gradio takes it from nowhere else
    with quiet.loading(), quiet.no_stubs():
        import gradio as gr

        from rag_chat.web import whole_uploads
        from rag_chat.web.events import Events, Sample
        from rag_chat.web.first_paint import FirstPaint
        from rag_chat.web.guard import Guard
        from rag_chat.web.layout import build_page, theme
        from rag_chat.web.uploads import Uploads

    loading = Loading(open_backend)
    uploads = Uploads(loading, Incoming(library or folder.path))
    whole_uploads.install()

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        loading.start()
        sweeping = asyncio.create_task(_sweep(folder))
        yield
        sweeping.cancel()
        uploads.close()
        loading.close()
        folder.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    app.add_middleware(FirstPaint)
    app.add_middleware(Guard, host=host)
    _add_routes(app, loading, token)
    _add_small_routes(app, loading)
    events = Events(loading, uploads, [Sample(path, tuple(questions)) for path, questions in samples])
    mounted: FastAPI = gr.mount_gradio_app(
        app,
        build_page(events),
        path="/",
        app_kwargs={"openapi_url": None},
        run_history=False,
        footer_links=[],
        enable_monitoring=False,
        mcp_server=False,
        ssr_mode=False,
        max_file_size=f"{max_file_mb}mb",
        show_error=False,
        theme=theme(),
        css_paths=HERE / "page.css",
    )
    return mounted


async def _sweep(folder: UploadFolder) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        await asyncio.to_thread(folder.sweep)


def listen(host: str, port: int) -> socket.socket:
    """The port, taken before anything slow is done; raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((host, port))
        opened.listen(128)
    except OSError as error:
        opened.close()
        raise PortInUse(
            f"The address {host}:{port} cannot be used ({error.strerror}); stop what uses it or set RAG_CHAT_PORT."
        ) from error
    return opened


def serve(app: FastAPI, opened: socket.socket) -> None:
    """Until Ctrl-C."""
    import uvicorn

    logging.getLogger("uvicorn.error").addFilter(_is_no_open_tab)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=5, lifespan="on")
    uvicorn.Server(config).run(sockets=[opened])


def _is_no_open_tab(record: logging.LogRecord) -> bool:
    """A tab that is still open when the app ends is no error, and no traceback for whoever pressed Ctrl-C."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, asyncio.CancelledError) and "graceful shutdown exceeded" not in record.getMessage()


def _add_routes(app: FastAPI, loading: Loading, token: str | None) -> None:
    from rag_chat.web.commands import add_command_routes
    from rag_chat.web.pages import add_page_routes
    from rag_chat.web.talks import add_talk_routes

    def backend() -> Backend | None:
        return loading.wait(timeout=0) if loading.ready else None

    add_page_routes(app, backend)
    add_talk_routes(app, backend)
    if token is not None:
        add_command_routes(app, backend, token)


def _add_small_routes(app: FastAPI, loading: Loading) -> None:
    def script(name: str) -> Callable[[], FileResponse]:
        headers = {"Cache-Control": "no-cache"}
        return lambda: FileResponse(HERE / "scripts" / name, media_type="text/javascript", headers=headers)

    for name in SCRIPTS:
        app.get(f"/{name}", include_in_schema=False)(script(name))

    run = secrets.token_hex(8)  # a page that another run of the app made is loaded again

    @app.get("/healthz", include_in_schema=False)
    def health() -> JSONResponse:
        return JSONResponse({"status": "ok", "run": run})

    @app.get("/readyz", include_in_schema=False)
    def readiness() -> JSONResponse:
        status = "ready" if loading.ready else "failed" if loading.error else "loading"
        return JSONResponse({"status": status, "error": loading.error}, status_code=200 if loading.ready else 503)
