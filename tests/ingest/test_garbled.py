"""A page whose fonts say something else than they show is noticed, named, and recognised where that is installed."""

import random
import string

import pypdf
import pytest
from pdfs import write_pdf
from pypdf.generic import NameObject, StreamObject

from ingest import ocr
from ingest.garbled import is_garbled
from ingest.parse import parse
from ingest.parsed import Limits
from rag_chat import coverage
from rag_chat.sandbox import Sandbox

REALLY = ocr.is_installed  # elsewhere in these tests it is switched off
LINES = [
    "The ferry to the outer islands leaves twice a day, weather allowing.",
    "Bicycles travel free of charge, but dogs need a ticket of their own.",
    "Passengers who arrive late may change their booking at the counter.",
    "Hot meals are served between noon and two in the forward saloon.",
    "Vehicles must be on the quay thirty minutes before departure.",
    "Engines stay switched off while the ramp is moving.",
    "Luggage left behind is kept for a month at the harbor office.",
]
HONEST = {
    "German": "Die Hausverwaltung verpflichtet sich, sämtliche Schadensersatzansprüche gegenüber der Gesellschaft"
    " bis zum Ablauf des Geschäftsjahres schriftlich anzuzeigen; Rechtsstreitigkeiten werden durch ein Schiedsgericht"
    " entschieden, dessen Mitglieder einvernehmlich bestimmt werden müssen.",
    "Polish": "Przewodniczący stwierdził, że wszystkie uchwały zostały przyjęte zgodnie z przepisami, a wszczęte"
    " postępowanie względem dłużnika będzie prowadzone bezzwłocznie przez właściwy urząd, jeżeli strony nie uzgodnią"
    " innego sposobu rozstrzygnięcia sporu.",
    "Czech": "Smluvní strany prohlašují, že čtvrtletní zpráva byla předložena včas, přičemž každý člen představenstva"
    " potvrdil její správnost, a že vlastník pozemku zajistí hlídání strojů, dokud nebude stavba předána novému"
    " nájemci bez závad.",
    "Croatian": "Prvi tržni izvještaj pokazuje rast vrijednosti na svim otvorenim tržištima, dok se četvrti kvartal"
    " završava s manjim prihodom; uprava predlaže skupštini da dobit rasporedi prema prijedlogu nadzornog odbora.",
    "Welsh": "Mae'r bwrdd wedi penderfynu cynnal cwrs newydd bob blwyddyn ar gyfer gweithwyr sydd wedi bod gyda'r cwmni"
    " ers llawer o amser, ac mae'r gwasanaeth llyfrgell wedi symud i'r llawr cyntaf, lle mae drysau newydd.",
    "Russian": "Договор вступает в силу после подписания обеими сторонами и действует до полного исполнения"
    " обязательств; взаимные расчёты производятся ежеквартально в соответствии с утверждённым графиком платежей.",
    "Greek": "Η σύμβαση τίθεται σε ισχύ μετά την υπογραφή της από τα συμβαλλόμενα μέρη και διαρκεί μέχρι την πλήρη"
    " εκπλήρωση των υποχρεώσεων, ενώ οι πληρωμές γίνονται κάθε τρίμηνο σύμφωνα με το εγκεκριμένο πρόγραμμα.",
    "a table of shares": "Apple AAPL 19.2 Microsoft MSFT 18.1 Nvidia NVDA 17.7 Amazon AMZN 9.9 Costco COST 4.1 Pepsico"
    " PEPSI 3.2 Broadcom AVGO 3.1 Cisco CSCO 2.2 Qualcomm QCOM 2.0 Netflix NFLX 1.9 Adobe ADBE 1.8 Intel INTC 1.7"
    " Honeywell 1.2 Starbucks SBUX 1.1 Vertex VRTX 0.9 Marriott 0.8 Mondelez 0.7",
}  # fmt: skip


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(seconds=120, memory_mb=2048) as box:
        yield box


def exchanged(path, pages, *, wrong):
    """A file whose pages look right, and of which one says the letter after each letter that it shows."""
    reader = pypdf.PdfReader(write_pdf(path.with_name("honest.pdf"), pages))
    writer = pypdf.PdfWriter(clone_from=reader)
    page = writer.pages[wrong - 1]
    resources = page["/Resources"].clone(writer, force_duplicate=True)
    font = resources["/Font"]["/F1"].get_object().clone(writer, force_duplicate=True)
    letters = string.ascii_letters
    rows = "".join(f"<{ord(a):02x}> <{ord(b):04x}>\n" for a, b in zip(letters, letters[1:] + "a", strict=True))
    table = StreamObject()
    table.set_data(f"begincmap\n{len(letters)} beginbfchar\n{rows}endbfchar\nendcmap\n".encode())
    font[NameObject("/ToUnicode")] = writer._add_object(table)
    resources["/Font"][NameObject("/F1")] = font
    page[NameObject("/Resources")] = resources
    writer.write(path)
    return path


@pytest.mark.parametrize("language", HONEST)
def test_honest_words_are_not_garbled_in_any_language(language):
    assert not is_garbled(HONEST[language])


def test_letters_that_are_exchanged_are_garbled():
    letters, dice, text = string.ascii_lowercase, random.Random(7), " ".join(LINES)
    tables = ["".join(dice.sample(letters, len(letters))) for _ in range(40)]
    noticed = [
        is_garbled(text.translate(str.maketrans(letters + letters.upper(), table + table.upper()))) for table in tables
    ]
    assert sum(noticed) >= 35  # a few exchanges leave most vowels vowels
    assert is_garbled("".join(chr(ord(sign) - 29) if sign != " " else sign for sign in text))  # numbers of glyphs
    assert not is_garbled(text)


@pytest.mark.parametrize("sign", ["\ufffd", "\ue0b7"])
def test_signs_that_say_nothing_are_counted(sign):
    assert is_garbled("It rained " + 8 * sign)
    assert not is_garbled("\n".join(f"{sign} the harbor board met on Tuesday" for _ in range(9)))  # bullets


def test_garbled_page_is_kept_and_named(tmp_path, sandbox, ingestor, library):
    path = exchanged(tmp_path / "odd.pdf", [LINES[:4], LINES, LINES[4:]], wrong=2)
    parsed = parse(path, Limits(10, 10), sandbox)
    assert [page.state for page in parsed.pages] == ["text", "garbled", "text"]
    report = ingestor.add(path)
    (document,) = library.catalog.documents()
    assert (report.status, report.pages_garbled, document.pages_garbled) == ("ready", (2,), (2,))
    assert coverage.sentence(document) == "3 pages, 1 with letters that its fonts get wrong: 2"


@pytest.mark.slow
def test_garbled_page_is_recognised_when_the_file_comes_again(tmp_path, monkeypatch, ingestor, library):
    path = exchanged(tmp_path / "odd.pdf", [LINES[:4], LINES], wrong=2)
    first = ingestor.add(path)
    monkeypatch.setattr(ocr, "is_installed", REALLY)
    again = ingestor.add(path)
    assert (first.pages_garbled, first.pages_ocr, again.pages_garbled, again.pages_ocr) == ((2,), (), (), (2,))
    text = library.catalog.page(again.doc_id, 2).text
    assert [line.strip() for line in text.strip().split("\n")] == LINES
