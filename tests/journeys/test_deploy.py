"""``mesic deploy`` and ``mesic check artefact=``, from the command line."""

import functools
import json
import shutil
import subprocess

import pytest

import mesic as library
from mesic.deployment import proof
from mesic_plugins.targets.device.engines import node

QUICK = ["tuner=single", "zone.prefer=best", "learner=linear", "evaluator=[]", "auditor=[]"]


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    from tests.conftest import CommandLine

    folder = tmp_path_factory.mktemp("run")
    done = CommandLine(folder)("run", *QUICK, "out=r")
    assert done.status == 0, done.err
    return folder / "r"


def test_a_run_becomes_files_that_answer_and_can_be_checked_again(mesic, run_folder, tmp_path):
    forms = "[c,python]" if shutil.which("cc") else "[python]"
    said = [f"target.forms={forms}", "target.prefix=tumour", "version=1.2", "expires=2999-12-31"]

    done = mesic("deploy", f"run={run_folder}", "out=art", *said)
    assert done.status == 0, done.err
    assert "proven  10," in done.out
    assert "door    python: same decisions" in done.out
    assert "tumour.py: Python" in done.out

    done = mesic("check", "artefact=art", "--json")
    assert done.status == 0, done.err
    strange = mesic("check", "artefact=art", XDG_STATE_HOME=str(tmp_path / "of another"))
    assert strange.status == 1
    assert "was not built here" in strange.err
    assert "trust=true" in strange.err
    manifest = json.loads((tmp_path / "art" / "manifest.json").read_text())
    assert (manifest["version"], manifest["expires"]) == ("1.2", "2999-12-31")

    answer = subprocess.run(
        ["python3", "-I", "-S", "art/tumour.py", "--today=3000-01-01"],
        check=False,
        cwd=tmp_path,
        input="{}\n",
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 1
    assert "this model expired: its last day was 2999-12-31" in answer.stderr


def test_json_tells_manifest_and_proof(mesic, run_folder):
    done = mesic("deploy", f"bundle={run_folder}/bundle", "out=art", "target.forms=[python]", "--json")

    assert done.status == 0, done.err
    assert done.json["proof"]["rows"]["edge"] >= 10_000
    assert done.json["manifest"]["target"]["options"]["forms"] == ["python"]


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler cc")
def test_a_program_reads_csv_and_json_lines(mesic, run_folder, tmp_path):
    done = mesic("deploy", f"run={run_folder}", "out=art", "target.forms=[c]", "target.executable=true")
    assert done.status == 0, done.err

    names = [c["name"] for c in json.loads((tmp_path / "art" / "manifest.json").read_text())["columns"]]
    csv = ",".join(f'"{name}"' for name in names) + "\n" + ",".join("0.5" for _ in names) + "\n"
    rows = json.dumps(dict.fromkeys(names, 0.5)) + "\n" + json.dumps({names[0]: 1}) + "\n"
    by_csv, by_json = (
        subprocess.run([tmp_path / "art/model"], check=False, input=text, capture_output=True, text=True)
        for text in (csv, rows)
    )
    answer, refusal = map(json.loads, by_json.stdout.splitlines())

    assert by_csv.returncode == 0
    assert by_json.returncode == 3
    assert "is not given" in refusal["error"]
    assert by_csv.stdout.splitlines()[1].split(",")[0] == answer["prediction"]


@pytest.mark.skipif(node() is None, reason="there is no Node.js to run JavaScript with")
def test_a_run_becomes_a_file_for_devices(mesic, run_folder, tmp_path):
    said = ["target=device", "target.prefix=tumour", "target.serial=3", "target.engine=node", "version=1.2"]

    done = mesic("deploy", f"run={run_folder}", "out=art", *said)
    assert done.status == 0, done.err
    assert "door    python: same decisions" in done.out
    assert "door    node: same decisions" in done.out
    assert "cannot  prove who made it" in done.out
    assert sorted(path.name for path in (tmp_path / "art").iterdir()) == [
        "manifest.json",
        "proof",
        "proof.json",
        "public",
    ]
    assert (tmp_path / "art" / "public" / "tumour.mesic").is_file()

    assert mesic("check", "artefact=art").status == 0
    done = mesic("deploy", f"run={run_folder}", "out=other", *said, "target.max_kib=1")
    assert done.status == 1
    assert "target.max_kib=1 allows no more: " in done.err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (["out=art"], "give one of run=DIR"),
        (["run=nowhere", "out=art"], "is no bundle"),
        (["run=nowhere", "out=art", "target=statik"], "did you mean 'static'"),
        (["run=nowhere", "out=art", "target.forms=[cobol]"], "cobol"),
        (["run=nowhere", "out=art", "target.form=c"], "did you mean 'target.forms'"),
    ],
)
def test_what_cannot_work_is_said_in_one_message(mesic, said, told):
    done = mesic("deploy", *said)

    assert done.status == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_records_flow_through_what_was_registered_with_a_stream(mesic, run_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(proof, "questions_of", functools.partial(proof.questions_of, edge_rows=300))
    stream = {"path": "in.csv", "output": "out.jsonl", "follow": False, "id": "patient"}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").touch()
    artefact = library.deploy(
        run_folder / "bundle", "stream", out="art", options={"stream": "file", "options": stream}, version="v2"
    )
    assert {name: door["largest_difference"] for name, door in artefact.proof["doors"].items()} == {"file": 0.0}
    assert artefact.proof["refused"] > 0

    names = [column["name"] for column in artefact.manifest["columns"]]
    (tmp_path / "in.csv").write_text(f"patient,{','.join(names)}\nnobody{',' * len(names)}\n")
    done = mesic("serve", "artefact=art", "--json")
    assert (done.status, done.json["records"]) == (0, 1), done.err
    answer = json.loads((tmp_path / "out.jsonl").read_text())
    assert (answer["id"], answer["version"]) == ("nobody", "v2")

    altered = next((tmp_path / "art" / "bundle" / "steps").rglob("*.json"))
    altered.write_text(altered.read_text() + " ")
    assert "was altered" in mesic("serve", "artefact=art").err
