"""Which other language than English a text is in, where that is clear: to warn, and to know what the reader cannot
read.

py3langid (naive Bayes over byte n-grams; Lui and Baldwin, "langid.py", 2012) among the languages that are named here:
of all that it knows a short English question would resemble some. A name, a row of a table or a lone word that several
languages have tells too little and counts as none of them, so that no warning is given on a guess.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

NAMES = {
    "ar": "Arabic", "be": "Belarusian", "bg": "Bulgarian", "bn": "Bengali", "ca": "Catalan", "cs": "Czech",
    "da": "Danish", "de": "German", "el": "Greek", "es": "Spanish", "et": "Estonian", "fa": "Persian",
    "fi": "Finnish", "fr": "French", "gu": "Gujarati", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian",
    "hu": "Hungarian", "hy": "Armenian", "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ka": "Georgian",
    "kk": "Kazakh", "km": "Khmer", "kn": "Kannada", "ko": "Korean", "lo": "Lao", "lt": "Lithuanian", "lv": "Latvian",
    "mk": "Macedonian", "ml": "Malayalam", "mn": "Mongolian", "mr": "Marathi", "my": "Burmese", "ne": "Nepali",
    "nl": "Dutch", "no": "Norwegian", "pa": "Punjabi", "pl": "Polish", "pt": "Portuguese", "ro": "Romanian",
    "ru": "Russian", "si": "Sinhala", "sk": "Slovak", "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish",
    "ta": "Tamil", "te": "Telugu", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu", "vi": "Vietnamese",
    "zh": "Chinese",
}  # fmt: skip
LONGEST = 3000  # characters that are looked at
HARDLY_ENGLISH, SURE = 0.05, 0.5  # probability of English at most, and of the other language at least
_WORD = re.compile(r"[^\W\d_]+")


def foreign(text: str) -> str:
    """The language's English name, such as "German"; "" for English and where it is not clear."""
    letters = " ".join(_WORD.findall(text[:LONGEST])).lower()
    ranked = _identifier().rank(letters) if letters else []
    found = dict(ranked[:1])
    if found.get("en") or dict(ranked).get("en", 1.0) > HARDLY_ENGLISH:
        return ""
    return next((NAMES[code] for code, probability in found.items() if probability >= SURE), "")


def notice(what: str, text: str, english_encoder: str) -> str:
    """One sentence that warns of a text ("The question") that is not English; "" without a reason or an encoder."""
    found = foreign(text) if english_encoder else ""
    if not found:
        return ""
    return (
        f"{what} looks like {found}, but '{english_encoder}' reads English only;"
        " for other languages set RAG_CHAT_PROFILE=multilingual and run rag-ingest --rebuild."
    )


@functools.cache
def _identifier() -> LanguageIdentifier:
    """Its model takes half a second to unpack, so only once it is asked."""
    from py3langid import langid

    known = langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True)
    known.set_languages([*NAMES, "en"])
    # Another one, of what is left, as `known` keeps the tables of all the languages it was made with.
    return langid.LanguageIdentifier(
        known.nb_ptc, known.nb_pc, known.nb_classes, known.tk_nextmove, known.tk_output, True, tk_row=known.tk_row
    )
