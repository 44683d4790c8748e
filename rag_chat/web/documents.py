"""The left column as HTML: documents with their checkboxes, and files on their way."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence, Set

from rag_chat import coverage
from rag_chat.errors import PASSWORD_CODES
from rag_chat.render import Markup, plain, short, visible
from rag_chat.types import Document, IngestReport
from rag_chat.web.uploads import Upload
from rag_chat.web.where import Where, where_html

STAGE_NAMES = {
    "waiting": "waiting",
    "reading": "reading pages",
    "recognizing": "reading scanned pages",
    "embedding": "learning passages",
    "storing": "saving",
}
PASSWORD = (
    '<form class="unlock" data-unlock="{id}"><input type="password" autocomplete="off" required maxlength="200" '
    'placeholder="Password" aria-label="Password of {name}"><button class="quiet">Open</button></form>'
)


def documents_html(
    documents: Sequence[Document], uploads: Sequence[Upload], where: Where, *, samples: bool = False, unopened: str = ""
) -> Markup:
    """`samples` offers the sample documents where the library is empty; `unopened` is said where it is not open."""
    known = {document.doc_id for document in documents}
    rows = [_upload(upload, known) for upload in uploads] + [
        _document(document, where.ticked) for document in documents
    ]
    if unopened and not rows:
        return Markup('<p class="unopened">{}</p>').format(unopened)
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
    d = document
    if not (d.pages_without_text or d.pages_hidden or d.pages_garbled or d.pages_layer or d.repaired):
        return Markup("")
    if len(document.pages_without_text) == document.pages:
        return Markup('<span class="warning">No page has text; a scan needs OCR before it can be asked.</span>')
    return Markup('<span class="warning">{}</span>').format(coverage.sentence(document))


def _upload(upload: Upload, known: Set[str]) -> Markup:
    name = plain(upload.name)
    if upload.report is not None:
        return _finished(upload, upload.report, name, known)
    percent = round(100 * upload.share)
    return Markup(
        '<li class="upload"><bdi class="name" title="{name}">{name}</bdi>'
        '<div class="bar" role="progressbar" aria-label="{name}" aria-valuemin="0" aria-valuemax="100" '
        'aria-valuenow="{percent}"><span style="width:{percent}%"></span></div><span class="facts">{facts}</span>'
        '<button type="button" class="delete" data-dismiss="{id}" aria-label="Stop {name}">✕</button></li>'
    ).format(name=name, percent=percent, facts=_progress(upload), id=upload.id)


def _finished(upload: Upload, report: IngestReport, name: str, known: Set[str]) -> Markup:
    if report.status == "failed":
        row, verb = _failed(upload, report, name), "Dismiss"
    elif report.status == "unchanged":
        row, verb = Markup('<span class="reason">Already in the library.</span>'), "Dismiss"
    elif report.doc_id in known and known & set(upload.older):
        row, verb = _beside_older(upload), "Keep both of"
    elif report.notice:
        row, verb = Markup('<span class="reason">{}</span>').format(visible(report.notice)), "Dismiss"
    else:
        return Markup("")  # one of the two was deleted since
    return Markup(
        '<li class="upload {kind}"{role}><bdi class="name" title="{name}">{name}</bdi>{row}'
        '<button type="button" class="delete" data-dismiss="{id}" aria-label="{verb} {name}">✕</button></li>'
    ).format(
        kind="failed" if report.status == "failed" else "same",
        role=Markup(' role="alert"') if report.status == "failed" else "",
        name=name,
        row=row,
        id=upload.id,
        verb=verb,
    )


def _failed(upload: Upload, report: IngestReport, name: str) -> Markup:
    said = visible(report.error or "It could not be read.")
    if report.code == "E_ENCRYPTED":
        said = f"{said.rstrip('.')}; type it here."
    if upload.can_be_tried_again and report.code in PASSWORD_CODES:
        return Markup('<span class="reason">{}</span>{}').format(said, Markup(PASSWORD).format(id=upload.id, name=name))
    again = Markup(' <button type="button" class="link" data-retry="{}">Try again</button>').format(upload.id)
    return Markup('<span class="reason">{}{}</span>').format(said, again if upload.can_be_tried_again else "")


def _beside_older(upload: Upload) -> Markup:
    older = f"older {short(upload.name)}" if len(upload.older) == 1 else f"{len(upload.older)} older ones"
    return Markup(
        '<span class="reason">It is in the library, beside an older document of its name. '
        '<button type="button" class="link" data-replace="{}">Replace the {}</button></span>'
    ).format(upload.id, older)


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
