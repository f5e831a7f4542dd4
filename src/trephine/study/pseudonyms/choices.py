"""What a user says about a table that is to be put under pseudonyms."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.choices import Dates


@dataclass(frozen=True)
class TableChoices:
    """What the user says about a table.

    Attributes
    ----------
    columns
        Columns whose cells become pseudonyms; the first is the DICOM Patient ID.
    drop
        Columns to leave out.
    keep
        Columns that look as if they identified and do not.
    dates
        "shifted": every date moves by the patient's own number of days, as in the images.
    sheet
        Of a workbook.
    image
        Pattern of the images' paths below their folder, such as ``{hospital_no}.dcm``; "" for none.
    """

    columns: tuple[str, ...]
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    dates: Dates = "shifted"
    sheet: str | None = None
    image: str = ""
