"""The other process answers each question once, says what went wrong, and is replaced when it dies over one."""

import os
import time

import numpy as np
import pytest

from mesic.testing.elsewhere import OtherProcess, elsewhere


@pytest.fixture
def other():
    other = OtherProcess()
    yield other
    other.close()


class NowhereToBeFound:
    """What another process cannot import under this name."""

    __module__ = "nowhere_to_be_found"


def test_text_hashes_otherwise_and_the_clock_is_that_of_another_zone(other):
    hashes = other.asked(hash, "Ulm")()
    zone = other.asked(time.localtime, 0)().tm_gmtoff

    assert hashes != hash("Ulm")
    assert zone != time.localtime(0).tm_gmtoff


def test_an_answer_that_nobody_waited_for_is_not_taken_for_the_next_one(other):
    large = np.arange(200_000.0)
    other.asked(np.negative, large)

    assert other.asked(np.sum, large)() == large.sum()


@pytest.mark.parametrize("work", [(int, "no number"), (os.stat, "/nowhere/at/all")])
def test_what_went_wrong_is_said_and_the_next_question_answered(other, work):
    with pytest.raises(RuntimeError, match=r"no number|/nowhere/at/all"):
        other.asked(*work)()
    assert other.asked(len, "abc")() == 3


def test_what_cannot_be_imported_there_is_said(other, monkeypatch):
    import sys
    import types

    module = types.ModuleType("nowhere_to_be_found")
    module.NowhereToBeFound = NowhereToBeFound
    monkeypatch.setitem(sys.modules, "nowhere_to_be_found", module)

    with pytest.raises(RuntimeError, match="No module named 'nowhere_to_be_found'"):
        other.asked(repr, NowhereToBeFound())()


def test_a_process_that_dies_is_said_and_replaced():
    with pytest.raises(RuntimeError, match="ended, with status 3"):
        elsewhere(os._exit, 3)()
    assert elsewhere(len, "abc")() == 3
