import pytest

from rag_chat.language import foreign, notice, telling


@pytest.mark.parametrize(
    "text",
    [
        "When does the tide gate open?",
        "The fall in profit in 2023 had a single cause: a bulk carrier struck crane 3.",
        "What is the fee of the Société Générale des Eaux?",
        "Volkswagen revenue 2022",
        "Die casting temperature",
        "El Niño effects on fishing",
        "net income per share diluted",
        "TERMS AND CONDITIONS OF SALE",
    ],
)
def test_english(text):
    assert foreign(text) == ""


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Was kostet die Wohnung?", "German"),
        ("Kündigungsfrist?", "German"),
        ("Welche Dokumente erwähnen Wasser?", "German"),
        ("¿Cuándo se abre la compuerta?", "Spanish"),
        ("Quand est-ce que la porte est ouverte ?", "French"),
        ("Quanto costa l'affitto?", "Italian"),
        ("Hoeveel bedraagt de huur?", "Dutch"),
        ("Mennyi a bérleti díj?", "Hungarian"),
        ("Kiedy kończy się umowa?", "Polish"),
        ("Kolik činí nájem?", "Czech"),
        ("東京都の人口は多い。", "Japanese"),
        ("水泵的保修期是多久？", "Chinese"),
        ("Когда открываются ворота?", "Russian"),
        ("متى تفتح البوابة", "Arabic"),
        ("DER GEWINN FIEL IM JAHR 2023, WEIL EIN FRACHTER MIT DEM KRAN ZUSAMMENSTIESS.", "German"),
    ],
)
def test_another_language_is_named(text, language):
    assert foreign(text) == language


@pytest.mark.parametrize(
    "text", ["", "gate", "12.5 %", "Revenue 224.9 247.3 10.0%", "Seal kit RX-40-S2 front bearing rear bearing"]
)
def test_too_little_to_tell(text):
    assert foreign(text) == ""


def test_a_notice_names_language_and_encoder():
    said = notice("The question", "Was kostet die Wohnung?", "mini")
    assert said.startswith("The question looks like German, but 'mini' reads English only; for other languages set")
    assert notice("The question", "Was kostet die Wohnung?", "") == ""  # an encoder of which nothing is known
    assert notice("The question", "What is the rent?", "mini") == ""


def test_the_telling_words_of_a_question_are_not_its_little_ones():
    assert telling("Wie hoch ist die Kaution?") == {"kaution"}
    assert telling("¿Cuánto cuesta el alquiler?") == {"cuesta", "alquiler"}
    assert telling("賃料はいくらですか") == {"賃料", "はい", "らで"}
