"""Chinese and Japanese, which write no blanks, and German, from a file to a cited answer, with the models that ship."""

import pytest

from ingest.pipeline import Ingestor
from rag_chat import build, config

LEASE = """# 賃貸借契約書

第一条　本契約の目的物は、東京都港区にある建物の三階部分とする。

第二条　賃料は月額十二万円とし、借主は毎月末日までに翌月分を支払う。敷金は賃料の二か月分とする。

第三条　契約期間は二年間とする。解約を希望する者は、三か月前までに書面で通知しなければならない。

第四条　借主は貸主の承諾なしに建物を改造してはならない。ペットの飼育は禁止する。
"""
WARRANTY = """水泵保修手册

本水泵的保修期为三十个月，自交货之日起计算。保修期内的零件更换免费。

请每六个月更换一次密封圈。电源电压应为二百二十伏。

水泵必须安装在干燥的房间里。安装前请关闭总阀门。
"""
RENT = """# Mietvertrag

§ 3 Miete

Die Miete beträgt 850 Euro im Monat und ist bis zum dritten Werktag zu zahlen.

§ 4 Kaution

Der Mieter leistet eine Kaution in Höhe von drei Monatsmieten. Sie wird nach dem Auszug zurückgezahlt.

§ 5 Tiere

Hunde dürfen nur mit Zustimmung des Vermieters gehalten werden.
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without_blanks")
    (folder / "keiyaku.md").write_text(LEASE, encoding="utf-8")
    (folder / "miete.md").write_text(RENT, encoding="utf-8")
    (folder / "baoxiu.txt").write_text(WARRANTY, encoding="utf-8")
    opened = build.open_app(config.load(library=folder / "library", generator="quoting"), exclusive=True)
    with Ingestor(opened.library, opened.embedder, opened.settings) as ingestor:
        reports = list(ingestor.add_all([folder / "keiyaku.md", folder / "baoxiu.txt", folder / "miete.md"]))
    assert [report.status for report in reports] == ["ready"] * 3
    yield opened
    opened.close()


def answer(app, question):
    *_, finished = app.engine.ask(question)
    return finished.answer


@pytest.mark.parametrize(
    ("question", "document", "sentence"),
    [
        ("Which documents mention 賃料?", "keiyaku.md", "賃料は月額十二万円とし"),
        ("Which documents mention 保修期?", "baoxiu.txt", "保修期为三十个月"),
        ("賃料は月額いくらですか。", "keiyaku.md", "賃料は月額十二万円とし"),
        ("契約期間は何年間ですか。", "keiyaku.md", "契約期間は二年間とする。"),
        ("水泵的保修期是多久？", "baoxiu.txt", "保修期为三十个月"),
        ("Wie hoch ist die Kaution?", "miete.md", "Kaution in Höhe von drei Monatsmieten"),
        ("电源电压是多少？", "baoxiu.txt", "电源电压应为二百二十伏。"),
    ],
)
def test_the_sentence_with_the_questions_words_is_cited(app, question, document, sentence):
    found = answer(app, question)
    assert not found.abstained
    assert found.citations[0].document == document
    assert sentence in found.citations[0].quote


@pytest.mark.parametrize("question", ["駐車場は何台分ありますか。", "噪声是多少分贝？", "Wer war der erste Kanzler?"])
def test_what_no_sentence_has_words_of_is_refused(app, question):
    assert answer(app, question).abstained
