import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from patterns.atomic import write_atomically


def test_writes_and_replaces(tmp_path):
    path = tmp_path / "a.bin"
    for data in (b"one", b"two"):
        write_atomically(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch):
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def fail(*_):
        raise OSError("no space")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_pipe_is_written_to_and_stays(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    received = []
    reader = threading.Thread(target=lambda: received.append(path.read_bytes()))
    reader.start()
    write_atomically(path, b"music")
    reader.join(10)
    assert received == [b"music"]
    assert path.is_fifo()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a name for what a program prints, which Linux has")
def test_standard_output_is_a_place_to_write_to():
    code = "from patterns.atomic import write_atomically; write_atomically('/dev/stdout', b'music')"
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True).stdout == b"music"


def test_what_a_link_leads_to_is_written(tmp_path):
    (tmp_path / "link").symlink_to("music")
    write_atomically(tmp_path / "link", b"one")
    write_atomically(tmp_path / "link", b"two")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "music").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "music"]


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "absent" / "a.bin", b"")
