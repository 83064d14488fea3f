"""The team goes alone when it is slow, and comes back when the computer is quiet."""

from dataclasses import dataclass, field

from amt.team import LONGEST_PAUSE, SHORTEST_PAUSE, Team

ALONE, TOGETHER, WAITING = 0.0004, 0.0002, 0.025


@dataclass
class Computer:
    """A computer whose tokens take as long as they do here, busy or quiet."""

    busy: bool = False
    time: float = 0.0
    threads: int = 2
    sizes: list[int] = field(default_factory=list)

    def resize(self, threads: int) -> None:
        self.threads = threads
        self.sizes.append(threads)

    def token(self) -> int:
        self.time += ALONE if self.threads == 1 else WAITING if self.busy else TOGETHER
        return 7


def run(computer: Computer, team: Team, seconds: float) -> float:
    """Tokens a second."""
    start, tokens = computer.time, 0
    while computer.time < start + seconds:
        assert team.step(1, computer.token) == 7
        tokens += 1
    return tokens / (computer.time - start)


def test_a_quiet_computer_has_the_whole_team() -> None:
    computer = Computer()
    assert run(computer, Team(2, computer.resize, lambda: computer.time), 5) > 0.95 / TOGETHER
    assert computer.sizes == [1, 2]


def test_a_busy_one_has_nearly_the_speed_of_one_thread() -> None:
    computer = Computer(busy=True)
    assert run(computer, Team(2, computer.resize, lambda: computer.time), 20) > 0.9 / ALONE


def test_it_follows_when_that_changes() -> None:
    computer = Computer()
    team = Team(2, computer.resize, lambda: computer.time)
    run(computer, team, 1)
    computer.busy = True
    run(computer, team, 10)
    assert computer.threads == 1
    computer.busy = False
    run(computer, team, LONGEST_PAUSE + SHORTEST_PAUSE)
    assert computer.threads == 2


def test_tokens_that_get_longer_with_their_context_are_not_slow() -> None:
    computer = Computer()
    team = Team(2, computer.resize, lambda: computer.time)
    for position in range(1000):

        def token(position: int = position) -> None:
            computer.time += TOGETHER * (1 + position / 200)

        team.step(1, token)
    assert computer.sizes == [1, 2]
