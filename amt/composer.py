"""The composer: a passage and steering in, the next bar out. The one place that knows both tokens and music.

`compose` is a pure function of the passage and the steering: same bar again, whatever was composed in between. Bars
of several sessions, or several variations of one, are composed in lockstep: each step reads, in one pass over the
model's weights, what all of them need for their next draw (docs/decisions/lockstep.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from amt.decoder import Decoder
from amt.draft import Draft
from amt.lineup import UNTOLD, lineup
from amt.lockstep import share
from amt.passage import Passage
from amt.reader import Reader
from amt.steering import Steering
from patterns.bar import Bar


class Composer:
    """Composes bars with a compiled model. Not thread-safe: call it from one thread at a time.

    Args:
        decoder: the compiled model.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._reader = Reader(decoder)

    def begin(self) -> Passage:
        """The passage before a session's first bar."""
        return Passage()

    def compose(self, passage: Passage, steering: Steering, variation: int = 0) -> tuple[Bar, Passage]:
        """The bar that follows `passage`, and the passage after it.

        Args:
            passage: everything before the bar.
            steering: what holds in this bar, the seed included; its horizon does not matter.
            variation: 0, or a number that makes another bar of the same beginnings.
        """
        return self.compose_all(passage, steering, [variation])[0]

    def compose_all(self, passage: Passage, steering: Steering, variations: Iterable[int]) -> list[tuple[Bar, Passage]]:
        """Several variations of the bar that follows `passage`, in lockstep; each as `compose` gives it."""
        drafts = [self.begin_bar(passage, steering, variation) for variation in variations]
        while any(draft.outcome is None for draft in drafts):
            self.advance(drafts)
        results = []
        for draft in drafts:
            assert draft.outcome is not None
            if isinstance(draft.outcome, Exception):
                raise draft.outcome
            results.append(draft.outcome)
        return results

    def begin_bar(self, passage: Passage, steering: Steering, variation: int = 0) -> Draft:
        """The bar that follows `passage`, still to be composed: `advance` it until it has an outcome."""
        told = lineup(steering) if self._decoder.config.lineups else UNTOLD
        return Draft(self._reader, passage, steering, variation, told)

    def advance(self, drafts: Sequence[Draft]) -> None:
        """A step of several bars: each draws once, unless it has much to read first.

        What goes wrong with one is its outcome, and no other's.
        """
        _apart(self._step, [draft for draft in drafts if draft.outcome is None])

    def _step(self, drafts: Sequence[Draft]) -> None:
        now = [draft.lines[0].reading for draft in drafts]
        ahead = [line.reading for draft in drafts for line in draft.lines[1:]]
        counts = share([reading.waiting for reading in now], [reading.waiting for reading in ahead])
        rows = zip((*now, *ahead), (*counts[0], *counts[1]), strict=True)
        # who has more to read than this draws in a later step
        drawing = [
            draft for draft, count in zip(drafts, counts[0], strict=True) if count == draft.lines[0].reading.waiting
        ]
        chosen = self._decoder.step(
            [(reading.cache, reading.next(count)) for reading, count in rows if count],
            [(draft.lines[0].reading.cache, draft.choices, draft.number) for draft in drawing],
        )
        for draft, index in zip(drawing, chosen, strict=True):
            draft.chosen(index)


def _apart(work: Callable[[Sequence[Draft]], None], drafts: Sequence[Draft]) -> None:
    """Do `work` for all drafts together; where that fails, for each alone, to find whose fault it is."""
    if not drafts:
        return
    try:
        work(drafts)
    except Exception as error:  # noqa: BLE001  the draft's outcome
        if len(drafts) == 1:
            drafts[0].fail(error)
            return
        for draft in drafts:
            _apart(work, [draft])
