"""Secrets of the environment are used and never told."""

import pytest

from mesic.errors import UsageError
from mesic.runs.secrets import asked_of_environment, from_environment, hidden, without_logins


def test_a_secret_is_known_by_its_name_its_address_or_by_who_says_so(monkeypatch):
    for name, value in {
        "DB_PASSWORD": "sesame", "DATA": "folder", "STORE": "db://ada:love@home", "ODD": "strange", "A_TOKEN": "abc",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MESIC_SECRETS", "ODD,OTHER")
    text = "${oc.env:DB_PASSWORD} ${oc.env:DATA} ${oc.env:STORE} ${oc.env:ODD,none} ${oc.env:A_TOKEN} ${oc.env:GONE}"

    found = asked_of_environment([text])

    assert found == {
        "db://ada:love@home": "${oc.env:STORE}", "strange": "${oc.env:ODD}", "sesame": "${oc.env:DB_PASSWORD}",
    }  # fmt: skip


def test_what_is_hidden_comes_back_where_it_is_used_and_nowhere_else(monkeypatch):
    monkeypatch.setenv("KEY", "sesame")
    options = {"url": "db://sesame@home", "list": [{"word": "sesame"}, 3, None]}

    told = hidden(options, {"sesame": "${oc.env:KEY}"})

    assert "sesame" not in str(told)
    assert from_environment(told) == options
    monkeypatch.delenv("KEY")
    with pytest.raises(UsageError, match="has no KEY: set it"):
        from_environment(told)


def test_a_login_that_was_typed_is_not_told():
    assert without_logins(["seed=1", "a=s3://k:v@b/x"]) == ["seed=1", "a=s3://k:***@b/x"]
