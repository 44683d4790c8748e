"""The page's events over a scripted engine, without a browser."""

from __future__ import annotations

from types import SimpleNamespace

from reportlab.pdfgen import canvas
from scripted_engine import ScriptedBackend

from rag_chat.library.incoming import Incoming
from rag_chat.web.backend import Loading
from rag_chat.web.events import Events, Sample
from rag_chat.web.uploads import Uploads


class Page:
    """The events over a scripted engine, and the components' values as the browser would hold them."""

    def __init__(self, tmp_path, *, start=True, scripted=None):
        self.scripted = scripted or ScriptedBackend(folder=tmp_path / "library")
        self.loading = Loading(self.scripted.backend)
        self.tmp_path = tmp_path
        self.uploads = Uploads(self.loading, Incoming(tmp_path))
        self.events = Events(self.loading, self.uploads, [Sample(tmp_path / "pump.pdf", ("How strong is the pump?",))])
        self.conversation = self.past = self.live = ""
        self.frames: list[tuple] = []
        if start:
            self.loading.start()
            self.loading.wait(5)

    def add(self, name="pump.pdf", text="The pump lifts 40 litres a minute."):
        path = self.tmp_path / name
        sheet = canvas.Canvas(str(path))
        sheet.drawString(72, 700, text)
        sheet.save()
        return self.scripted.add(path, name, lambda step: None).doc_id

    def request(self, session="s", **query):
        return SimpleNamespace(session_hash=session, query_params=query)

    def ask(self, question, session="s"):
        self.run(self.events.ask(question, self.conversation, self.request(session)))

    def acted(self, session="s", **data):
        self.run(self.events.acted(SimpleNamespace(_data=data), self.conversation, self.request(session)))

    def go(self, conversation="", session="s"):
        self.keep(self.events.go(SimpleNamespace(_data={"id": conversation}), self.request(session)))

    def arrive(self, **query):
        self.keep(self.events.arrive(self.request(**query)))

    def run(self, frames):
        for frame in frames:
            self.keep(frame)

    def keep(self, frame):
        self.frames.append(frame)
        kept = [value if isinstance(value, str) else None for value in frame[1:4]]
        self.conversation, self.past, self.live = (
            old if new is None else new
            for old, new in zip((self.conversation, self.past, self.live), kept, strict=True)
        )

    def act(self, action, value=None, session="s"):
        event = SimpleNamespace(_data={"action": action, "value": value})
        return self.events.documents_acted(event, self.request(session))

    def kept(self):
        return self.scripted.conversations.exchanges(self.conversation)
