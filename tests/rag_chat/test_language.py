import pytest

from rag_chat.language import is_english


@pytest.mark.parametrize(
    "text",
    [
        "When does the tide gate open?",
        "The fall in profit in 2023 had a single cause: a bulk carrier struck crane 3.",
        "What is the fee of the Société Générale des Eaux?",
    ],
)
def test_english(text):
    assert is_english(text) is True


@pytest.mark.parametrize(
    "text",
    [
        "Wann wird das Tor geöffnet?",
        "¿Cuándo se abre la compuerta?",
        "Quand est-ce que la porte est ouverte ?",
        "東京都の人口は多い。",
        "Когда открываются ворота?",
        "متى تفتح البوابة",
        "Der Gewinn fiel im Jahr 2023, weil ein Frachter mit dem Kran zusammenstieß und die Reparatur lange dauerte.",
    ],
)
def test_another_language(text):
    assert is_english(text) is False


@pytest.mark.parametrize(
    "text", ["", "gate", "Revenue 224.9 247.3 10.0%", "Seal kit RX-40-S2 front bearing rear bearing"]
)
def test_too_little_to_tell(text):
    assert is_english(text) is None
