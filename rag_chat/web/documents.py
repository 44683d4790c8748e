"""The left column as HTML: documents with their checkboxes, and files on their way."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from rag_chat import coverage
from rag_chat.render import Markup, plain, visible
from rag_chat.types import Document
from rag_chat.web.uploads import Upload
from rag_chat.web.where import Where, where_html

STAGE_NAMES = {
    "waiting": "waiting",
    "reading": "reading pages",
    "recognizing": "reading scanned pages",
    "embedding": "learning passages",
    "storing": "saving",
}


def documents_html(
    documents: Sequence[Document], uploads: Sequence[Upload], where: Where, *, samples: bool = False
) -> Markup:
    """`samples` offers the sample documents where the library is empty."""
    rows = [_upload(upload) for upload in uploads] + [_document(document, where.ticked) for document in documents]
    if not rows:
        offer = Markup('<button type="button" class="quiet" data-act="samples">Add the sample documents</button>')
        return Markup('<div class="empty"><p>No documents yet.</p>{}</div>').format(offer if samples else "")
    return Markup('{}<ul class="documents">{}</ul>').format(where_html(where, documents), Markup("").join(rows))


def adding_html(uploads: Sequence[Upload]) -> Markup:
    """What is on its way or failed, in a line for screens that have the documents out of sight."""
    coming = sum(upload.report is None for upload in uploads)
    failed = sum(upload.report is not None and upload.report.status == "failed" for upload in uploads)
    said = [f"Adding {_count(coming, 'file')}…"] if coming else []
    said += [f"{_count(failed, 'file')} could not be added; see Documents."] if failed else []
    return Markup('<p class="banner adding" role="status">{}</p>').format(" ".join(said)) if said else Markup("")


def _document(document: Document, selected: Collection[str]) -> Markup:
    name = plain(document.name)
    return Markup(
        '<li class="document"><label><input type="checkbox" data-doc="{id}"{checked}>'
        '<span class="about"><bdi class="name" title="{name}">{name}</bdi><span class="facts">{facts}</span>{blank}'
        '</span></label><button type="button" class="delete" data-delete="{id}" data-name="{name}" '
        'aria-label="Delete {name}">✕</button></li>'
    ).format(
        id=document.doc_id,
        checked=Markup(" checked") if document.doc_id in selected else "",
        name=name,
        facts=f"{coverage.length(document)} · {_size(document.size)}",
        blank=_what_was_not_read(document),
    )


def _what_was_not_read(document: Document) -> Markup:
    if not (document.pages_without_text or document.pages_hidden or document.pages_garbled):
        return Markup("")
    if len(document.pages_without_text) == document.pages:
        return Markup('<span class="warning">No page has text; a scan needs OCR before it can be asked.</span>')
    return Markup('<span class="warning">{}</span>').format(coverage.sentence(document))


def _upload(upload: Upload) -> Markup:
    name = plain(upload.name)
    if upload.report is not None:
        return _finished(upload, name)
    percent = round(100 * upload.share)
    return Markup(
        '<li class="upload"><bdi class="name" title="{name}">{name}</bdi>'
        '<div class="bar" role="progressbar" aria-label="{name}" aria-valuemin="0" aria-valuemax="100" '
        'aria-valuenow="{percent}"><span style="width:{percent}%"></span></div><span class="facts">{facts}</span>'
        '<button type="button" class="delete" data-dismiss="{id}" aria-label="Stop {name}">✕</button></li>'
    ).format(name=name, percent=percent, facts=_progress(upload), id=upload.id)


def _finished(upload: Upload, name: str) -> Markup:
    report = upload.report
    failed = report is not None and report.status == "failed"
    said = (report.error if report else None) or "It could not be read."
    return Markup(
        '<li class="upload {kind}"{role}><bdi class="name" title="{name}">{name}</bdi>'
        '<span class="reason">{said}{retry}</span>'
        '<button type="button" class="delete" data-dismiss="{id}" aria-label="Dismiss {name}">✕</button></li>'
    ).format(
        kind="failed" if failed else "same",
        role=Markup(' role="alert"') if failed else "",
        name=name,
        said=visible(said) if failed else visible(report.notice if report else "") or "Already in the library.",
        retry=Markup(' <button type="button" class="link" data-retry="{}">Try again</button>').format(upload.id)
        if failed
        else "",
        id=upload.id,
    )


def _progress(upload: Upload) -> str:
    parts = [STAGE_NAMES.get(upload.stage, upload.stage)]
    if upload.total:
        parts.append(f"{upload.done} of {upload.total}")
    left = upload.seconds_left(time.monotonic())
    if left is not None:
        parts.append(f"about {_duration(left)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    return f"{max(1, round(seconds))} s" if seconds < 90 else f"{round(seconds / 60)} min"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{max(1, round(size / 1e3))} kB"
