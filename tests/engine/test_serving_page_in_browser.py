"""A person tries a row in a real browser: is answered, sees why, is told which field is wrong."""

import re
import runpy
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.engine.bundles_to_serve import ROW, make_bundle
from tests.journeys.served import Served

browsing = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("test_report_in_browser.py"))))

pytest.importorskip("httptools", reason="the extra serve is not installed")
pytestmark = [
    pytest.mark.skipif(browsing.CHROMIUM is None, reason="no chromium is installed to open the page with"),
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes under /proc"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    with Served(folder, make_bundle(folder / "bundle").folder) as served:
        yield served


def opened(server, folder, row=""):
    """Return the document that the browser ends up with."""
    address = f"http://127.0.0.1:{server.port}/docs{'#' + row if row else ''}"
    looks = [f"--user-data-dir={folder / 'profile'}", "--window-size=1200,900", "--virtual-time-budget=8000"]
    return unescape(browsing.browse(*looks, "--dump-dom", address))


def test_the_page_has_a_field_for_each_that_the_model_reads(server, tmp_path):
    document = opened(server, tmp_path)

    assert re.findall(r'name="(\w+)"', document.partition("<form")[2].partition("</form>")[0]) == list(ROW)
    assert "bought: a binary model" in document
    assert "a number from 0 to 120, or null" in document
    assert document.count("<option") == 9  # the levels of town, zone and plan


def test_a_row_is_answered_and_its_reasons_shown(server, tmp_path):
    row = {**ROW, "age": 119, "member": "false", "since": "2024-02-29"}
    wanted = server.predict({**row, "member": False})

    document = opened(server, tmp_path, "&".join(f"{name}={value}" for name, value in row.items()))

    answer = document.partition('<section id="answer"')[2].partition("</section>")[0]
    assert f'id="decision">{wanted["prediction"]}<' in answer
    assert f"{wanted['p_yes']:.4}"[:5] in answer
    reasons = re.findall(r"<td>(\w+)</td><td>([+-]?[\d.e-]+)</td>", answer.partition("Why")[2])
    sizes = [abs(float(change)) for _, change in reasons]
    assert len(reasons) == len(ROW)
    assert sizes == sorted(sizes, reverse=True)
    assert wanted["bundle"] in answer


def test_a_wrong_field_is_marked_where_it_stands(server, tmp_path):
    document = opened(server, tmp_path, "age=200&plan=none")

    assert 'aria-invalid="true"' in document
    assert "Give a number from 0 to 120, or null." in document
    assert "Give one of 'basic', 'extra', 'full'." in document
    assert "Refused" in document
