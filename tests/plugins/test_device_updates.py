"""Signatures and updates of parameter files: the wrong one is refused, and a power loss leaves one that answers."""

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from datetime import date

import pytest
from tests.plugins.shop import COLUMNS, TREES, fitted, shop, without_text
from tests.plugins.test_device import NODE, in_node, needs_node, python_of

import mesic
from mesic.errors import CheckFailed, ComponentError, SettingError
from mesic.testing.bundles import sealed
from mesic_plugins.targets.device import Device, signing
from mesic_plugins.targets.device.ed25519 import is_signed

needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot strike a process down")
ROW = {"age": 31, "when": "2011-03-04", "vip": 1, "town": "Ulm", "code": "2"}
VECTORS = (  # RFC 8032, section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe2465"
        "5141438e7a100b",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc0"
        "27beceea1ec40a",
    ),
)
LOOP = """
import sys, pathlib; sys.path.insert(0, {home!r}); import mesic_device
files = [pathlib.Path(name).read_bytes() for name in {files!r}]
for number in range(10**9):
    for file in files: mesic_device.update({folder!r}, file, is_forced=True)
    if not number: print("ready", flush=True)
"""
STRUCK = """
import os, signal, sys, pathlib; sys.path.insert(0, {home!r}); import mesic_device
left = {step}
def counted(function):
    def wrapped(*arguments, **more):
        global left
        left -= 1
        if left < 0: os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **more)
    return wrapped
os.fsync, os.fdopen, pathlib.Path.replace = map(counted, (os.fsync, os.fdopen, pathlib.Path.replace))
mesic_device.update({folder!r}, pathlib.Path({file!r}).read_bytes())
"""
TAKE = """
for (let number = 0; ; number++) {
  for (const file of FILES) await mesic.update(store, readFileSync(file), { force: true });
  if (!number) console.log("ready");
}
"""


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    """Return artefacts of three bundles, the serial of each one above that of the one before."""
    home, found = tmp_path_factory.mktemp("releases"), []
    for serial in (1, 2, 3):
        data = without_text(shop(seed=serial))
        bundle = sealed(fitted(data, "lightgbm", **TREES), data, home / f"bundle {serial}", COLUMNS)
        found.append(home / f"release {serial}")
        found[-1].mkdir()
        Device(forms=["js", "python"] if NODE else ["python"], serial=serial).build(
            bundle, found[-1], mesic.Release(f"1.{serial}", bundle.digest)
        )
    return found


def content_of(release):
    return (release / "public" / "model.mesic").read_bytes()


def resealed(content):
    return content + hashlib.sha256(content).digest()


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_signatures_of_the_standard_are_verified(key, message, signature):
    key, message, signature = (bytes.fromhex(text) for text in (key, message, signature))

    assert is_signed(message, signature, key)
    assert not is_signed(message + b" ", signature, key)
    assert not is_signed(message, signature, bytes(32))
    for place in (0, 31, 32, 63):
        altered = bytearray(signature)
        altered[place] ^= 4
        assert not is_signed(message, bytes(altered), key)


def made_key(path, encryption=None):
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")
    key = ed25519.Ed25519PrivateKey.generate()
    how = serialization.NoEncryption() if encryption is None else serialization.BestAvailableEncryption(encryption)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how))
    return key


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    """Return a signed artefact, its public key, and another public key."""
    home = tmp_path_factory.mktemp("signed")
    private = made_key(home / "key.pem")
    _, other = made_key(home / "other.pem"), signing.signer(home / "other.pem")[0]
    data = without_text(shop())
    bundle = sealed(fitted(data, "linear"), data, home / "bundle", COLUMNS)
    (home / "artefact").mkdir()
    target = Device(forms=["js", "python"] if NODE else ["python"], key=str(home / "key.pem"))
    built = target.build(bundle, home / "artefact", mesic.Release("1", bundle.digest))
    return home / "artefact", built.facts["signed_by"], other, private


def hostile(content):
    """Return a file without its signature, and one that says something else, both with a digest that fits."""
    stripped = resealed(content[: -32 - 96] + bytes(96))
    at = content.index(b'"version":"1"')
    return stripped, resealed(content[:at] + b'"version":"9"' + content[at + 13 : -32])


def test_a_signature_is_asked_for_in_python(signed):
    artefact, key, other, _ = signed
    module, content = python_of(artefact), content_of(artefact)
    stripped, altered = hostile(content)

    assert module.opened(content, [other, key]).facts["signed_by"] == key
    assert module.opened(content).facts["signed_by"] is None
    for file, keys, said in (
        (content, [other], "none of the keys"),
        (stripped, [key], "is not signed"),
        (altered, [key], "not what its key has signed"),
    ):
        with pytest.raises(module.Broken, match=said):
            module.opened(file, keys)


@needs_node
def test_a_signature_is_asked_for_in_javascript(signed):
    artefact, key, other, _ = signed
    files = [list(file) for file in (content_of(artefact), *hostile(content_of(artefact)))]

    script = """
    const [whole, stripped, altered] = FILES.map(file => Uint8Array.from(file)), said = [];
    const asked = [[whole, OWN], [whole, OTHER], [stripped, OWN], [altered, OWN], [altered, undefined]];
    for (const [file, key] of asked) {
      const opening = mesic.open(file, { keys: key ? [key] : [] });
      said.push(await opening.then(model => model.facts.signed_by, error => error.message));
    }
    console.log(JSON.stringify(said));
    """
    for name, value in (("FILES", files), ("OWN", key), ("OTHER", other)):
        script = script.replace(name, json.dumps(value))
    said = in_node(artefact, script)

    assert said[0] == key
    assert "none of the keys" in said[1]
    assert "is not signed" in said[2]
    assert "not what its key has signed" in said[3]
    assert said[4] is None  # whoever asks for no signature takes whatever is whole


def test_a_signed_artefact_is_proven_with_its_key_and_holds_no_private_key(signed):
    artefact, key, _, private = signed
    raw = private.private_bytes_raw()
    secrets = [raw, raw.hex().encode(), signing.base64.b64encode(raw)]

    for door in Device(forms=["js", "python"] if NODE else ["python"]).doors(artefact).values():
        assert "prediction" in door.ask([ROW])[0]
        assert f"--key={key}" in door.command
    for path in artefact.rglob("*"):
        if path.is_file():
            assert not any(secret in path.read_bytes() for secret in secrets), path


def test_a_key_that_cannot_sign_is_refused_without_a_word_of_it(tmp_path, monkeypatch):
    made_key(tmp_path / "locked.pem", b"secret")
    (tmp_path / "text.pem").write_text("-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n")
    for name, said in (("locked.pem", "pass phrase"), ("text.pem", "openssl genpkey"), ("none.pem", "No such file")):
        with pytest.raises(SettingError, match=said) as error:
            signing.signer(tmp_path / name)
        assert "QUJD" not in str(error.value)

    monkeypatch.setitem(sys.modules, "cryptography.exceptions", None)
    with pytest.raises(ComponentError, match=r"pip install 'mesic\[sign\]'"):
        signing.signer(tmp_path / "text.pem")


def test_an_update_is_taken_whole_and_an_older_one_is_not(releases, tmp_path):
    module, files, folder = python_of(releases[0]), list(map(content_of, releases)), tmp_path / "device"

    for file in files[:2]:
        module.update(folder, file)
    assert module.load(folder).facts["serial"] == 2
    assert (folder / "previous.mesic").read_bytes() == files[0]
    with pytest.raises(module.Broken, match="serial 1, and 2 was here: an older one is not taken"):
        module.update(folder, files[0])
    with pytest.raises(module.Broken, match="altered"):
        module.update(folder, files[2][:-1] + b"\0")
    module.update(folder, files[1])
    assert (folder / "previous.mesic").read_bytes() == files[0]  # the same file again is no update

    assert module.load(folder).facts["serial"] == 2
    assert module.update(folder, files[0], is_forced=True).facts["serial"] == 1
    assert module.load(folder).facts["serial"] == 1
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "current.mesic", "previous.mesic"]


def test_a_broken_current_file_falls_back_and_is_never_kept_as_the_previous_one(releases, tmp_path):
    module, files, folder = python_of(releases[0]), list(map(content_of, releases)), tmp_path / "device"
    for file in files[:2]:
        module.update(folder, file)
    (folder / "current.mesic").write_bytes(files[1][:1000])

    model = module.load(folder)
    assert model.facts["serial"] == 1
    assert "current.mesic: this file was altered" in model.note
    assert model.predict(ROW) == module.opened(files[0]).predict(ROW)
    module.update(folder, files[2])
    assert (folder / "previous.mesic").read_bytes() == files[0]
    assert module.load(folder).note is None

    for name in ("current.mesic", "previous.mesic"):
        (folder / name).write_bytes(b"")
    with pytest.raises(module.Broken, match="no model that can be opened"):
        module.load(folder)


def test_what_has_expired_is_not_taken(releases, tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "linear"), data, tmp_path / "bundle", COLUMNS)
    (tmp_path / "artefact").mkdir()
    last = mesic.Release("1", bundle.digest, date(2001, 2, 3))
    Device(forms=["python"]).build(bundle, tmp_path / "artefact", last)
    module = python_of(tmp_path / "artefact")

    with pytest.raises(module.Expired, match="its last day was 2001-02-03"):
        module.update(tmp_path / "device", content_of(tmp_path / "artefact"))
    assert not (tmp_path / "device").exists()


@needs_kill
def test_a_process_that_is_struck_down_at_any_step_leaves_a_model_that_answers(releases, tmp_path):
    module, home = python_of(releases[0]), str(releases[0] / "public")
    seen = []
    for step in range(20):
        folder = tmp_path / f"device {step}"
        module.update(folder, content_of(releases[0]))
        file = str(releases[1] / "public" / "model.mesic")
        code = STRUCK.format(home=home, folder=str(folder), file=file, step=step)
        status = subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode
        model = module.load(folder)
        assert model.note is None
        seen.append((status, model.facts["serial"]))
        module.update(folder, content_of(releases[2]))
        assert sorted(path.name for path in folder.iterdir()) == [".lock", "current.mesic", "previous.mesic"]
        if status == 0:
            break

    assert seen[0] == (-signal.SIGKILL, 1)
    assert seen[-2:] == [(-signal.SIGKILL, 2), (0, 2)]


@needs_kill
@pytest.mark.parametrize("reader", ["python", *(["node"] if NODE else [])])
def test_updates_that_are_struck_down_leave_a_model_that_answers(reader, releases, tmp_path):
    module, folder, rng = python_of(releases[0]), tmp_path / "device", random.Random(0)
    files = [str(release / "public" / "model.mesic") for release in releases[:2]]
    expected = [module.opened(content_of(release)).predict(ROW) for release in releases[:2]]
    module.update(folder, content_of(releases[0]))
    python = LOOP.format(home=str(releases[0] / "public"), files=files, folder=str(folder))
    javascript = (
        "import { folderStore } from './mesic_device_cli.js'; import * as mesic from './mesic_device.js';"
        "import { readFileSync } from 'node:fs';"
        f"const store = folderStore({json.dumps(str(folder))});" + TAKE.replace("FILES", json.dumps(files))
    )
    command = {
        "python": [sys.executable, "-I", "-S", "-c", python],
        "node": [NODE, "--input-type=module", "-e", javascript],
    }[reader]

    for _ in range(3):
        process = subprocess.Popen(command, cwd=releases[0] / "public", stdout=subprocess.PIPE)
        assert process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05))
        assert process.poll() is None
        process.kill()
        process.communicate()
        model = module.load(folder)
        assert model.note is None
        assert model.predict(ROW) in expected


@needs_node
def test_a_store_that_keeps_half_a_file_falls_back_in_javascript(releases):
    script = """
    const files = FILES.map(name => new Uint8Array(readFileSync(name))), store = mesic.memoryStore(), said = [];
    const serial = async () => { const model = await mesic.load(store); return [model.facts.serial, model.note]; };
    await mesic.update(store, files[0]);
    await mesic.update(store, files[1]);
    said.push(await serial());
    said.push(await mesic.update(store, files[0]).then(() => "taken", error => error.message));
    said.push(await mesic.update(store, files[1].slice(1)).then(() => "taken", error => error.message));
    store.set("current.mesic", files[1].slice(0, 1000));
    said.push(await serial());
    await mesic.update(store, files[2]);
    said.push([...await store.get("previous.mesic")].every((byte, place) => byte === files[0][place]));
    said.push(await serial());
    said.push((await mesic.update(store, files[0], { force: true })).facts.serial);
    console.log(JSON.stringify(said));
    """
    files = [str(release / "public" / "model.mesic") for release in releases]

    said = in_node(releases[0], script.replace("FILES", json.dumps(files)))

    assert said[0] == [2, None]
    assert "serial 1, and 2 was here" in said[1]
    assert "no parameter file" in said[2]
    assert said[3][0] == 1
    assert "current.mesic: this file was altered" in said[3][1]
    assert said[4:] == [True, [3, None], 1]


def test_programs_take_updates_and_answer_from_the_folder(releases, tmp_path):
    folder, commands = str(tmp_path / "device"), {"python": [sys.executable, "-I", "-S", "mesic_device.py"]}
    if NODE:
        commands["node"] = [NODE, "mesic_device_cli.js"]
    files = [str(release / "public" / "model.mesic") for release in releases]

    def said(command, *words, **more):
        home = releases[0] / "public"
        return subprocess.run([*command, *words], cwd=home, check=False, capture_output=True, text=True, **more)

    for command in commands.values():
        assert json.loads(said(command, "update", folder, files[1]).stdout)["serial"] == 2
        done = said(command, "update", folder, files[0])
        assert (done.returncode, "an older one is not taken" in done.stderr) == (1, True)
        assert json.loads(said(command, "update", folder, files[0], "--force").stdout)["version"] == "1.1"
        assert json.loads(said(command, "update", folder, files[1]).stdout)["version"] == "1.2"
        answers = said(command, "answer", folder, input=json.dumps(ROW) + "\n")
        assert json.loads(answers.stdout)["prediction"].startswith("label")
        (tmp_path / "device" / "current.mesic").write_bytes(b"half")
        done = said(command, "answer", folder, input=json.dumps(ROW) + "\n")
        assert (done.returncode, "previous.mesic answers" in done.stderr) == (0, True)
        assert said(command, "answer").returncode == 2
        assert said(command, "show", str(tmp_path / "nowhere")).returncode == 1


def test_the_budget_is_asked_before_anything_is_signed(signed, tmp_path):
    artefact = signed[0]
    data = without_text(shop())
    bundle = sealed(fitted(data, "linear"), data, tmp_path / "bundle", COLUMNS)
    (tmp_path / "artefact").mkdir()

    with pytest.raises(CheckFailed, match="max_kib=1"):
        Device(max_kib=1, key=str(artefact.parent / "key.pem")).build(
            bundle, tmp_path / "artefact", mesic.Release("1", bundle.digest)
        )
    assert list((tmp_path / "artefact").iterdir()) == []
