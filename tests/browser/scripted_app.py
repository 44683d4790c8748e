"""The page over the scripted engine: `python scripted_app.py FOLDER PORT`. No models, so that it is there at once."""

from __future__ import annotations

import sys
from pathlib import Path

from scripted_engine import ScriptedBackend

from rag_chat.web.server import create_app, listen, serve

if __name__ == "__main__":
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    opened = listen("127.0.0.1", port)
    backend = ScriptedBackend(pause=0.01, folder=folder).backend
    serve(create_app(backend, host="127.0.0.1", max_file_mb=20, samples=()), opened)
