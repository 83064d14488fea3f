"""Real time: sclang, scsynth and a JACK whose sound card is silent. Ndef and Pdef play the band."""

from __future__ import annotations

import os
import socket
import subprocess
import uuid

import pytest

from tests.supercollider.conftest import need


@pytest.fixture
def jack():
    """The environment in which scsynth finds a JACK server of its own."""
    name = f"amt-{uuid.uuid4().hex[:8]}"
    environment = {
        "JACK_DEFAULT_SERVER": name,
        "JACK_NO_START_SERVER": "1",
        "JACK_NO_AUDIO_RESERVATION": "1",
        "SC_JACK_DEFAULT_OUTPUTS": "system",
    }
    command = [need("jackd"), "--no-realtime", "-n", name, "-d", "dummy", "-r", "48000", "-p", "1024"]
    with subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            subprocess.run([need("jack_wait"), "-s", name, "-w", "-t", "20"], check=True, stdout=subprocess.DEVNULL)
            yield environment
        finally:
            process.terminate()
            process.wait(10)


def test_proxies_and_patterns_are_heard(sclang, scsynth_program, amt_server, jack):
    assert scsynth_program
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = sclang.script("layers", amt_server.port, "layers", port, environment=jack)
    assert outcome.said("proxy") == [["audio", "true"]]
    assert [name for name, _ in outcome.said("heard")] == ["proxy", "out"]
    assert all(float(level) > 0.01 for _, level in outcome.said("heard"))
