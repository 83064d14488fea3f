"""The quark's own UnitTests (tests/supercollider/classes), all in one sclang.

They lie outside the quark's folder, so that a musician's class library holds no tests; here both folders are compiled.
"""

import pytest


@pytest.fixture(scope="module")
def outcome(module_sclang, amt_server, quark_folder, test_folder):
    classes = test_folder / "classes"
    module_sclang.include(quark_folder, classes)
    ports = {"AMT_TEST_PORT": str(amt_server.port)}
    return module_sclang.execute(test_folder / "scripts" / "unit_tests.scd", classes, seconds=90, environment=ports)


def test_no_assertion_fails(outcome):
    assert outcome.said("fail") == []
    assert not [line for line in outcome.text.splitlines() if "ERROR" in line and not line.startswith("@")]


def test_every_test_method_asserts_something(outcome):
    methods = {tuple(words) for words in outcome.said("test")}
    passed = {tuple(words[:2]) for words in outcome.said("pass")}
    assert len(methods) >= 33
    assert passed == methods
