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

from rag_chat import words

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
# Articles, prepositions and words that ask, of German, French, Spanish, Italian, Portuguese, Dutch, and, in pairs of
# characters as `words` has them, of Chinese and Japanese.
LITTLE = frozenset(
    (
        "der die das den dem des ein eine einen einem einer und ist sind nicht mit für von zu zum zur auf wird werden"
        " war waren wie wann wo wer wen wem wessen warum wieso was welche welcher welches welchem welchen wieviel viel"
        " viele hoch lange oft hat haben hatte kann können sich es er sie im am bei aus nach über als auch dass durch"
        " um le la les l un une et est sont dans pour par sur avec que qui quoi du de au aux ne pas quand où quel"
        " quelle quels quelles combien comment pourquoi ont il elle on ce se y en d qu el los las del al uno una con"
        " su sus lo cuándo cuánto cuánta cuántos cuántas dónde qué quién quiénes cuál cuáles cómo fue era ha han hay"
        " gli di da della dei delle nel nella per non sono quando dove chi che cosa quanto quanta quanti quante quale"
        " quali come è e i o os as uma em do na no não são com quem qual quais onde é ao à het een van niet zijn wat"
        " waar op te met hoeveel wanneer welke hoe"
        " 什么 多少 哪个 哪些 哪里 哪一 多久 是多 是谁 谁是 何时 如何 怎么 么时 时候 です ます すか いく くら"
        " いつ どこ だれ なに ある あり りま"
    ).split()
)
_TELLS_NOTHING = LITTLE | words.STOP
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


def telling(question: str) -> set[str]:
    """Stems of the question's words that are no little word in whatever language it is."""
    return {words.stem(word) for word in words.parted(question) if word.lower() not in _TELLS_NOTHING}


def notice(what: str, text: str, english_encoder: str) -> str:
    """One sentence that warns of a text ("The question") that is not English; "" without a reason or an encoder."""
    found = foreign(text) if english_encoder else ""
    if not found:
        return ""
    return (
        f"{what} looks like {found}, but '{english_encoder}' reads English only;"
        " for other languages set RAG_CHAT_PROFILE=multilingual and run rag-ingest --rebuild."
    )


def warm_up() -> None:
    """Loads what would else make the first question wait half a second."""
    _identifier()


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
