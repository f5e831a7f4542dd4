"""Each line of what a review found to hold, and the tests that keep it; they have to exist."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]

# A line of the review's list: the file and the test that would fail where it no longer held.
HELD: dict[str, tuple[str, ...]] = {
    "identifiers in every place of an image are gone": (
        "imaging/test_deidentify.py::none_of_the_canaries_leaves",
        "imaging/test_deidentify_strange_values.py::nothing_planted_in_a_strange_place_is_written",
        "imaging/test_deidentify.py::references_between_files_stay_whole",
    ),
    "objects without pixels are refused": (
        "security/test_what_held.py::objects_without_pixels_are_not_let_through",
    ),
    "no audit or ledger holds an identifier": (
        "imaging/test_pacs.py::the_ledger_holds_no_identifier",
        "imaging/test_pacs_strangers.py::neither_audit_nor_ledger_has_the_order_of_the_list",
    ),
    "no result of a study holds one": (
        "security/test_identifiers.py::no_result_of_a_run_holds_a_patient_a_case_or_a_folder",
    ),
    "weights are loaded as weights alone": (
        "deep/test_weights.py::a_pickle_with_code_in_it_is_refused_and_not_run",
        "deep/test_weights.py::safetensors_hold_the_same_weights",
        "security/test_what_held.py::"
        "nothing_that_strangers_write_is_unpickled_evaluated_or_run_by_a_shell",
    ),
    "ONNX data in other files is refused": (
        "security/test_what_held.py::an_onnx_network_names_no_other_file",
    ),
    "official weights come by https and hash": (
        "deep/test_official.py::a_download_with_the_wrong_hash_is_refused_and_not_kept",
        "deep/test_official.py::the_addresses_are_torchvisions",
    ),
    "ways out of a bundle, names twice and unknown files are refused": (
        "modelling/test_bundle_files.py::"
        "a_link_a_name_twice_and_other_folders_in_an_archive_are_refused",
        "modelling/test_bundle_files.py::a_lying_size_does_not_help_a_bomb",
    ),
    "entities of XML do nothing": (
        "cohort/test_reading_bounds.py::a_workbook_that_would_fill_the_memory_is_refused",
    ),
    "YAML makes no objects and does not grow": (
        "security/test_what_held.py::a_yaml_file_makes_no_objects",
        "security/test_what_held.py::a_yaml_file_of_references_to_references_does_not_grow",
    ),
    "nested DICOM, texts of pictures and large ones are errors of an image": (
        "security/test_what_held.py::sequences_nested_without_end_are_a_damaged_header",
        "security/test_what_held.py::a_pictures_text_that_inflates_to_megabytes_is_refused",
        "security/test_what_held.py::pillows_guard_is_an_error_and_not_a_warning",
    ),
    "words of a study become no markup": (
        "report/test_html.py::words_from_a_study_cannot_become_markup",
        "report/test_html.py::the_page_asks_nothing_of_the_network",
        "report/test_html.py::the_page_lets_its_own_script_run_and_nothing_else",
    ),
    "Word and workbooks have no formula, field or link": (
        "security/test_what_held.py::a_word_document_has_no_field_and_nothing_from_elsewhere",
        "report/test_table_files.py::no_text_becomes_a_formula_in_a_workbook",
    ),
    "pictures outside the results are not drawn": (
        "security/test_what_held.py::a_picture_outside_the_results_is_not_drawn",
    ),
    "an archive's address leaks no password": (
        "imaging/test_pacs_web.py::an_address_that_would_leak_is_refused",
        "imaging/test_pacs.py::credentials_come_from_the_environment_and_are_never_shown",
        "security/test_what_held.py::no_password_is_an_option_of_a_command",
    ),
    "UIDs from an archive name no files": (
        "imaging/test_pacs_strangers.py::a_hostile_uid_is_an_archive_error",
    ),
    "no licence binds": (
        "security/test_licences.py::nothing_needed_at_run_time_is_under_the_gpl_and_its_kin",
    ),
}


@pytest.mark.parametrize("line", HELD)
def test_every_line_of_the_review_has_a_test(line: str) -> None:
    for named in HELD[line]:
        file, _, name = named.partition("::")
        assert f"def test_{name}(" in (TESTS / file).read_text(encoding="utf-8"), named
