from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osc_bridge.messages import ProtocolError
from osc_bridge.workspace import Workspace


@pytest.mark.parametrize("name", ["take 1", "take-1.mid", "take-1.MID", "a.b", "Übung", "x" * 64])
def test_bare_names_are_taken(name, tmp_path):
    path = Workspace(tmp_path).path(name)
    assert path.parent == tmp_path
    assert path.name == name.removesuffix(".mid").removesuffix(".MID") + ".mid"


@pytest.mark.parametrize(
    "name",
    [
        *("", " ", ".", "..", ".mid", "...", ".hidden", "a/b", "../a", "/a", "a\\b", "c:a", "a\nb", "a\0b", "a "),
        *("x" * 65, "ü" * 33, "nul", "COM1", "con.x", "a*", "a.", "\ud800"),
    ],
)
def test_other_names_are_refused(name, tmp_path):
    with pytest.raises(ProtocolError, match="bare file name") as caught:
        Workspace(tmp_path).path(name)
    assert caught.value.code == "name"


@given(st.text(max_size=70))
def test_no_name_leads_out_of_the_folder(name):
    try:
        path = Workspace(Path("/folder")).path(name)
    except ProtocolError:
        return
    assert path.parent == Path("/folder")
    assert path.name not in (".", "..", ".mid")
