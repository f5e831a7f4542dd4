"""A network that ran as a program is said to be one, in the model card and in the report."""

from __future__ import annotations

from trephine.deep.settings import DeepSettings
from trephine.facts import Facts
from trephine.report.html import render_html
from trephine.report.tables import make_tables
from trephine.study.gather.methods import weights_name
from trephine.study.locked.model_card import model_card
from trephine.study.network_file import trust_note


def test_card_and_report_say_what_trust_in_a_program_means(facts: Facts) -> None:
    settings = DeepSettings(
        backbone="/home/someone/net.pt2", input_size=32, mean=(0.5,), std=(0.2,), trust="0" * 64
    )
    note = trust_note(settings)
    assert "net.pt2 is a program, trusted by its sha256" in note
    assert "someone" not in note
    assert weights_name(settings) == "net.pt2"  # and not the ImageNet weights of the ResNets
    assert trust_note(DeepSettings()) == trust_note(None) == ""
    trusted = facts.model_copy(
        update={"inputs": facts.inputs.model_copy(update={"trust_note": note})}
    )
    primary = next(m.name for m in facts.models if m.protocol == facts.study.protocol)
    for given, there in ((facts, False), (trusted, True)):
        assert (f"**Trusted program.** {note}" in model_card(given, primary)) is there
        page = render_html(given, make_tables(given), ())
        assert (note in page[page.index('id="run"') :]) is there
