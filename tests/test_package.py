"""What ``import trephine`` gives."""

from __future__ import annotations

import pytest

import trephine


def test_a_study_is_at_hand() -> None:
    from trephine.study import Study

    assert trephine.Study is Study


def test_any_other_name_is_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        trephine.Nonsense  # noqa: B018
