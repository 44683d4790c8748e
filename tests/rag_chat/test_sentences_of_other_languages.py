"""What a full stop ends, and what it does not, in German, French, Spanish and Italian."""

import pytest

from rag_chat.sentences import split


def sentences(text):
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Das Mietverhältnis endet spätestens am 30. Juni 2027.",
        "Die Kündigung muss bis zum 3. Werktag des Monats zugehen.",
        "Der Vertrag wurde am 1. 7. 2024 in Berlin geschlossen.",
        "Ausgenommen sind Kleinteile, z. B. Dichtungen und Schrauben.",
        "Der Mieter trägt die Kosten, d. h. Wasser, Strom und Heizung.",
        "Es gilt § 5 Abs. 2 Satz 1 des Gesetzes.",
        "Siehe Anlage Nr. 5 zum Vertrag der Hafen GmbH.",
        "Das Gebäude stammt aus dem 19. Jahrhundert und hat ca. 400 Fenster.",
        "Die Pumpe kostet ggf. Versand und zzgl. Mehrwertsteuer 900 Euro.",
        "Dr. Weber und Hr. Schmidt wohnen in der Goethestr. 12 in Kassel.",
        "Le loyer est fixé par M. Dupont et Mme. Leroy au 1er juillet.",
        "Voir l'art. 12 du bail, p. ex. les charges.",
        "El contrato con la Sra. García termina el 30 de junio.",
        "Los EE. UU. firmaron el acuerdo con el Sr. López.",
        "La empresa está en la Avda. Reina Sofía y paga aprox. 900 euros.",
        "Il contratto con il Sig. Rossi e la Sig.ra Bianchi scade il 30 giugno.",
        "Secondo l'art. 5 del contratto il dott. Verdi paga le spese.",
    ],
)
def test_a_full_stop_inside_a_sentence_ends_none(text):
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Die Pumpe wiegt 30. Sie steht im Keller.",
        "Der Vertrag beginnt 2024. Die Miete ist im Voraus zu zahlen.",
        "Die Miete beträgt 900. Juni und Juli sind frei.",
        "Le loyer est de 900. Il est payable le premier du mois.",
        "El contrato empezó en 2024. La renta se paga por meses.",
        "Il canone è di 900. Il deposito vale tre mesi.",
        "The pump weighs 30. Grain is moved by rail.",
        "It was built in 1998. June was cold.",
        "The tenant signed on May 30. June rent is due at once.",
        "I am 30. My brother is older.",
        "He was rated No. 1. Harbor dues fell.",
    ],
)
def test_a_number_may_end_a_sentence(text):
    assert len(sentences(text)) == 2
