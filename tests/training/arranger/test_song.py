import numpy as np

from training.arranger.material import Notes
from training.arranger.song import Player


def test_a_player_plays_again_what_he_wrote() -> None:
    written: list[str] = []

    def write(label: str) -> Notes | None:
        written.append(label)
        return None if label == "B" else np.array([[0, 60, 60, 80]])

    player = Player("lead", 80, write)
    assert player.page("A") is player.page("A")
    assert player.page("B").shape == (0, 4)
    assert written == ["A", "B"]
