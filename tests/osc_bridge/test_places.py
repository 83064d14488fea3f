"""Models, music and client scripts are found where they lie."""

from pathlib import Path

import pytest

from amt import embedded
from amt.config import ModelError
from osc_bridge import places


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_the_embedded_model_is_there() -> None:
    assert places.model("embedded") == embedded.PATH
    assert (embedded.PATH / "mlc-chat-config.json").is_file()


def test_a_folder_and_a_pulled_name_are_models(tmp_path: Path) -> None:
    assert places.model(str(tmp_path)) == tmp_path
    pulled = places.models() / "someone" / "music"
    pulled.mkdir(parents=True)
    assert places.model("someone/music") == pulled


def test_what_a_model_was_made_of_does_not_hide_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`train --midi-dir my-songs` makes a model that is called as the folder of music is."""
    monkeypatch.chdir(tmp_path)
    Path("my-songs").mkdir()
    assert places.model("my-songs") == Path("my-songs"), "whose reader says what it lacks"
    trained = places.models() / "my-songs"
    trained.mkdir(parents=True)
    (trained / "mlc-chat-config.json").touch()
    assert places.model("my-songs") == trained
    (Path("my-songs") / "mlc-chat-config.json").touch()
    assert places.model("my-songs") == Path("my-songs"), "a model that lies here"


def test_a_missing_model_says_how_to_get_it() -> None:
    with pytest.raises(ModelError, match="midinfinite-osc pull someone/music"):
        places.model("someone/music")
    with pytest.raises(ModelError, match="give a model folder") as caught:
        places.model("./nowhere")
    assert "pull" not in str(caught.value)
    with pytest.raises(ModelError, match="no model at ''"):
        places.model("")


@pytest.mark.parametrize(("name", "script"), [("supercollider", "AMT.quark"), ("sonic_pi", "amt.rb")])
def test_the_clients_scripts_are_there(name: str, script: str) -> None:
    assert (places.client(name) / script).is_file()
