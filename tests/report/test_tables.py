"""Tables: what is odd about a variable or a group is shown, not hidden."""

import pytest

from report.made_tables import lines, table
from trephine.facts import (
    CentreFacts,
    ContinuousSummaryFact,
    EstimateFact,
    HorizonEstimate,
    LevelCount,
    OptimismFacts,
    Table1Facts,
    Table1Level,
    Table1Variable,
)
from trephine.report.figures.image_plates import icc_plates
from trephine.report.tables import make_tables
from trephine.report.trace import plain
from trephine.report.wording import show


def test_every_table_of_the_paper_is_made(facts):
    numbers = {made.number for made in make_tables(facts)}
    assert {"Table 1", "Table 2", "Table 3", "Table S1", "Table S2"} <= numbers


def test_table_1_prints_counts_means_and_medians_as_the_paper_does(facts):
    rows = {row[0]: row for row in lines(table(facts, "table-1-"))}
    assert rows["Female"][1:4] == ["42 (19.8%)", "30 (20.3%)", "12 (18.8%)"]
    assert rows["Combined necrotic angle (°), mean ± SD"][1:] == [
        "211.53 ± 44.58", "204.23 ± 44.67", "228.40 ± 39.82", "t = −3.73", "<0.001", "0.57",
    ]  # fmt: skip
    assert rows["Age (years), median (Q1–Q3)"][1] == "42.00 (33.00–49.00)"


def test_table_2_has_reference_levels_with_n_and_events(facts):
    rows = lines(table(facts, "table-2-"))
    assert ["I", "49", "10", "reference", "", "reference", ""] in rows
    assert any(row[0] == "IIIA" and row[3].startswith("2.12 (") for row in rows)


def test_table_3_parts_apparent_from_corrected(facts):
    groups = [plain(row.cells[0]) for row in table(facts, "table-3-").rows if row.kind == "group"]
    assert groups[0] == "Published protocol: apparent, not corrected"
    assert "Sound protocol: nested cross-validation" in groups


def test_the_headline_puts_both_protocols_in_one_row(facts):
    made = table(facts, "table-headline")
    row = next(row for row in lines(made) if row[0] == "DLRC")
    assert row[1].startswith("0.80 (")
    assert row[3].startswith("0.67 (")


def test_the_headline_puts_chance_below_its_model(facts):
    made = table(facts, "table-headline")
    below = {plain(row.cells[0]): made.rows[k + 1] for k, row in enumerate(made.rows[:-1])}
    null = facts.null_check[0]
    found = below[null.model]
    assert (plain(found.cells[0]), found.kind) == ("permuted", "level")
    assert plain(found.cells[1]) == f"{null.median:.2f} ({null.p95:.2f})"


def test_a_comparison_is_one_row_per_pair_with_every_measure_in_its_column(facts):
    made = table(facts, "table-comparisons")
    header = [plain(cell) for cell in made.header]
    pairs = {(c.protocol, c.kind, c.new, c.old) for c in facts.comparisons}
    assert len([row for row in made.rows if row.kind != "group"]) == len(pairs)
    row = next(row for row in lines(made) if row[0] == "DLRC against Clinical")
    assert row[header.index("C-index (95% CI)")].startswith("+0.09 (")
    assert row[header.index("5-year AUC (95% CI)")].startswith("+0.08 (")
    assert row[header.index("Likelihood ratio")] == "χ² 38.20, df\u00a02"


def test_table_s1_prints_the_half_nri_and_the_median_improvement(facts):
    first = facts.reclassification[0]
    for slug, heading, form, value in (
        ("table-s1-reclassification", "Half-NRI (95% CI)", "+.2f", first.half_nri.value),
        ("table-s1-discrimination", "Median improvement (95% CI)", "+.3f",
         first.median_improvement.value),
    ):  # fmt: skip
        made = table(facts, slug)
        column = [plain(cell) for cell in made.header].index(heading)
        assert plain(made.rows[1].cells[column]).startswith(f"{value:{form}} (")


def with_calibration(row, note, p=None):
    """Change what the goodness-of-fit test says of a model at its first horizon."""
    numbers = row.calibration[0].model_copy(update={"gnd_p": p, "gnd_note": note})
    return row.model_copy(update={"calibration": (numbers, *row.calibration[1:])})


def test_what_the_goodness_of_fit_test_suffers_from_stands_below_under_a_sign(facts):
    first, second, third, *others = facts.performance
    few, none = "2 of 5 groups have fewer than 5 events", "in 1 of 5 groups no event before 36"
    changed = facts.model_copy(
        update={
            "performance": (
                with_calibration(first, few, 0.04),
                with_calibration(second, none),
                with_calibration(third, few, 0.3),
                *others,
            )
        }
    )
    made = table(changed, "table-calibration")
    names = [row[0] for row in lines(made) if len(row) > 1]
    signs = [name.partition("\u00a0")[2] for name in names]
    assert [sign for sign in signs if sign] == ["*", "†", "*"]
    assert plain(made.notes[-1]) == f"GND test: *\u00a0{few}; †\u00a0{none}."


def test_the_optimism_of_all_models_is_reported_in_one_note(facts):
    corrected = tuple(
        row.model_copy(
            update={"optimism": OptimismFacts(samples=200, c_index=0.05, c_index_632_plus=0.71)}
        )
        for row in facts.performance
        if row.kind == "apparent"
    )
    made = table(facts.model_copy(update={"performance": corrected}), "table-3-")
    (note,) = [plain(note) for note in made.notes if "Optimism" in plain(note)]
    assert note.count("200 samples: ") == len({row.protocol for row in corrected})
    assert note.count("0.050 (0.710)") == len(corrected)


def test_a_variable_outside_the_multivariable_model_has_no_reference_there(facts):
    for number, facts_of_one in enumerate(facts.table2):
        made = [t for t in make_tables(facts) if t.slug.startswith("table-2-")][number]
        inside = {
            level.level: any(row.multivariable is not None for row in variable.rows)
            for variable in facts_of_one.variables
            for level in variable.rows
            if level.reference
        }
        shown = {row[0]: row[5] for row in lines(made) if row[3:4] == ["reference"]}
        assert shown
        for level, cell in shown.items():
            assert cell == ("reference" if inside[level] else "–")


def test_a_column_of_notes_without_a_note_is_not_printed(facts):
    quiet = tuple(
        CentreFacts(protocol="sound", model="Clinical", centre=centre, n=9, events=2)
        for centre in ("north", "")
    )
    loud = (quiet[0].model_copy(update={"note": "no event"}), *quiet[1:])
    for rows, shown in ((quiet, False), (loud, True)):
        made = table(facts.model_copy(update={"centres": rows}), "table-centres")
        assert (plain(made.header[-1]) == "Note") is shown
        assert {len(row.cells) for row in made.rows if row.kind != "group"} == {len(made.header)}


def test_risk_groups_stand_under_their_model_with_its_test(facts):
    made = table(facts, "table-risk-groups")
    groups = facts.risk_groups[0]
    start = next(k for k, row in enumerate(made.rows) if row.kind == "body")
    assert plain(made.rows[start].cells[0]).startswith(groups.model)
    assert [row.kind for row in made.rows[start + 1 : start + 1 + len(groups.curves)]] == [
        "level"
    ] * len(groups.curves)
    assert plain(made.header[-1]) == "Log-rank p"
    assert plain(made.rows[start].cells[-1]) == show(groups.logrank_p, "p")


def odd_variables():
    def summary(n, value):
        return ContinuousSummaryFact(n=n, mean=value, sd=0.0, median=value, q1=value, q3=value)

    levels = tuple(
        Table1Level(
            level=f"Centre {k}",
            columns=tuple(LevelCount(count=c, percent=100 * c / 12) for c in (1, 1, 0)),
        )
        for k in range(12)
    )
    return Table1Facts(
        columns=("All", "No event", "Event"),
        sizes=(12, 12, 0),
        variables=(
            Table1Variable(
                name="constant", label="Constant", type="continuous", summary="mean",
                continuous=(summary(12, 3.0), summary(12, 3.0), summary(0, None)),
                missing=(0, 0, 0), note="constant, no test",
            ),
            Table1Variable(
                name="sparse", label="Sparse", type="continuous", summary="median",
                continuous=(summary(7, 1.0), summary(7, 1.0), summary(0, float("nan"))),
                missing=(5, 5, 0), note="missing in 42% of cases",
            ),
            Table1Variable(
                name="centre", label="Centre", type="categorical", summary="counts",
                levels=levels, missing=(0, 0, 0),
            ),
        ),
    )  # fmt: skip


def test_constant_sparse_and_many_levelled_variables_are_reported(facts):
    made = table(facts.model_copy(update={"table1": odd_variables()}), "table-1-")
    rows = {row[0]: row for row in lines(made)}
    assert rows["Constant, mean ± SD"] == [
        "Constant, mean ± SD", "3.00 ± 0.00", "3.00 ± 0.00", "–", "–", "–", "–", "0",
    ]  # fmt: skip
    assert rows["Sparse, median (Q1–Q3)"][-1] == "5"
    assert sum(row.kind == "level" for row in made.rows) == 12
    notes = " ".join(plain(note) for note in made.notes)
    assert "constant, no test" in notes
    assert "missing in 42% of cases" in notes


def test_a_horizon_past_the_last_follow_up_prints_a_dash_and_says_why(facts):
    row = facts.performance[0].model_copy(
        update={
            "auc": (HorizonEstimate(horizon=60, estimate=EstimateFact(value=None)),),
            "note": "no case is followed to 5 years",
        }
    )
    made = table(facts.model_copy(update={"performance": (row,)}), "table-3-")
    assert lines(made)[1][3:5] == ["–", "–"]
    assert "no case is followed to 5 years" in plain(made.notes[-1])


def test_a_risk_group_without_an_event_is_reported(facts):
    groups = facts.risk_groups[0]
    quiet = groups.curves[0].model_copy(update={"events": 0})
    changed = groups.model_copy(
        update={
            "curves": (quiet, groups.curves[1]),
            "ratio": None,
            "notes": ("no event in the low-risk group: no hazard ratio",),
        }
    )
    made = table(facts.model_copy(update={"risk_groups": (changed,)}), "table-risk-groups")
    assert lines(made)[1][0] == f"{groups.model}\u00a0*"
    assert lines(made)[2][2] == "0"
    assert plain(made.notes[-1]).startswith("*\u00a0no event in the low-risk group")


def test_a_signature_without_a_feature_is_reported(facts):
    empty = facts.selection[0].model_copy(update={"selected": ()})
    changed = facts.model_copy(update={"selection": (empty, *facts.selection[1:])})
    heading = table(changed, "table-selected-features").rows[0].cells[0]
    assert plain(heading).endswith("No feature was selected")


def test_notes_of_risk_groups_say_whose_they_are_and_stand_once(facts):
    note = "Low risk: nobody was followed to 200"
    changed = tuple(
        groups.model_copy(update={"notes": (note,) if groups.kind == "apparent" else ()})
        for groups in facts.risk_groups
    )
    made = table(facts.model_copy(update={"risk_groups": changed}), "table-risk-groups")
    assert [plain(text) for text in made.notes if note in plain(text)] == [f"*\u00a0{note}."]
    models = [plain(row.cells[0]) for row in made.rows if row.kind == "body"]
    apparent = [groups for groups in changed if groups.notes]
    assert sorted(name for name in models if name.endswith("*")) == sorted(
        f"{groups.model}\u00a0*" for groups in apparent
    )


def test_with_several_cases_a_patient_the_log_rank_test_is_said_to_ignore_it(facts):
    notes = " ".join(plain(note) for note in table(facts, "table-risk-groups").notes)
    assert "Log-rank tests treat hips as independent" in notes
    analysed = facts.flow.analysed.model_copy(update={"patients": facts.flow.analysed.cases})
    flow = facts.flow.model_copy(update={"analysed": analysed})
    made = table(facts.model_copy(update={"flow": flow}), "table-risk-groups")
    assert "independent" not in " ".join(plain(note) for note in made.notes)


def test_the_categorical_nri_is_split_and_its_cuts_are_reported(facts):
    whole = EstimateFact(value=0.10, low=-0.02, high=0.21)
    part = EstimateFact(value=0.05, low=-0.01, high=0.11)
    changed = facts.reclassification[0].model_copy(
        update={
            "categorical_nri": whole,
            "categorical_nri_events": part,
            "categorical_nri_nonevents": part,
            "risk_cuts": (0.2, 0.4),
        }
    )
    made = table(
        facts.model_copy(update={"reclassification": (changed,)}), "table-s1-reclassification"
    )
    assert [plain(cell) for cell in made.header][-2:] == [
        "Categorical, events",
        "Categorical, non-events",
    ]
    assert lines(made)[1][-1] == "+0.05 (−0.01 to +0.11)"
    assert any("divided at 0.2 and 0.4." in plain(note) for note in made.notes)


def test_a_column_that_no_row_fills_is_left_out(facts):
    """Ready-made features have no family, no filtered image and no name of the IBSI."""
    bare = {"family": "", "image_type": "", "ibsi_name": "", "ibsi_code": ""}
    parts = tuple(
        part.model_copy(
            update={"selected": tuple(f.model_copy(update=bare) for f in part.selected)}
        )
        for part in facts.selection
    )
    tables = make_tables(facts.model_copy(update={"selection": parts}))
    (table,) = [table for table in tables if table.slug == "table-selected-features"]
    assert [plain(cell) for cell in table.header] == [
        "Feature",
        "Weight",
        "Selected",
        "Same sign",
        "Range of weight",
    ]
    assert {len(row.cells) for row in table.rows if row.kind != "group"} == {5}


def test_of_ridge_no_share_of_selection_is_shown_but_how_steady_its_weights_are(facts):
    part = facts.selection[0]
    ridge = part.model_copy(update={"lasso": part.lasso.model_copy(update={"mixture": 0.0})})
    tables = make_tables(facts.model_copy(update={"selection": (ridge,)}))
    (table,) = [table for table in tables if table.slug == "table-selected-features"]
    cells = [[plain(cell) for cell in row.cells] for row in table.rows if row.kind != "group"]
    assert {row[2] for row in cells} == {"–"}
    assert cells[0][3].endswith("%")
    assert " to " in cells[0][4]


@pytest.mark.parametrize("slug", ["table-s1-reclassification", "table-s1-discrimination"])
def test_no_p_stands_beside_nri_or_idi_and_a_note_says_why(facts, slug):
    made = table(facts, slug)
    assert not any(plain(cell) == "p" for cell in made.header)
    assert any("No p is given" in plain(note) for note in made.notes)


def test_the_hazard_ratio_of_risk_groups_names_what_it_is_against(facts):
    def note(of):
        (table,) = (t for t in make_tables(of) if t.slug == "table-risk-groups")
        return next(found for found in map(plain, table.notes) if found.startswith("HR:"))

    assert note(facts) == "HR: hazard ratio of the highest risk group against the other."
    first, *rest = facts.risk_groups
    three = first.model_copy(update={"curves": (*first.curves, first.curves[-1])})
    of_three = facts.model_copy(update={"risk_groups": (three, *rest)})
    assert note(of_three) == "HR: hazard ratio of the highest risk group against all other hips."


def test_agreement_of_copies_alone_speaks_of_no_second_reading(facts):
    copies = tuple(icc.model_copy(update={"perturbed": True}) for icc in facts.agreement.icc)
    alone = facts.agreement.model_copy(update={"icc": copies, "overlap": ()})
    of_copies = facts.model_copy(update={"agreement": alone})
    for found, read_twice in ((facts, True), (of_copies, False)):
        made = table(found, "table-agreement")
        (plate,) = icc_plates(found)
        said = " ".join(
            plain(text) for text in (made.title, *made.notes, plate.title, plate.caption)
        )
        assert ("between and within raters" in said) == read_twice
        assert ("read both times" in said) == read_twice
        assert ("Dice" in said) == read_twice
        assert ("perturbed copies of the regions" in said) != read_twice
