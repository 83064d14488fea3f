"""What one pass over the model's weights reads for several bars at once. Pure arithmetic on numbers of tokens.

The decoder computes rows (tokens) in tiles of TILE, or one of FEW: a pass of fewer takes as long, a lone row excepted,
which is faster still. So what must be read at once goes first, and what only has to be read in time fills the tiles.
"""

from __future__ import annotations

from collections.abc import Sequence

from amt.kernels.layout import CHUNK, FEW, TILE

PROMPT = 32
"""As many tokens are read at once whatever they cost; more, at a session's start or after a change of tempo, are
read while the others go on."""
CATCHING_UP = 2
"""Rows of each pass, at least, for each reading that lags behind: half a window is read before a move needs it."""


def share(waiting: Sequence[int], ahead: Sequence[int]) -> tuple[list[int], list[int]]:
    """How many tokens of each reading go into the next pass.

    Args:
        waiting: tokens, 1 or more, that stand between each bar and its next draw.
        ahead: tokens, 0 or more, of readings that will be needed later.

    Returns:
        Tokens for each of `waiting`, of which at least one is read wholly or the pass is full; and of `ahead`.
    """
    prompt = [count if count <= PROMPT else 0 for count in waiting]
    late = [count - now for count, now in zip(waiting, prompt, strict=True)]
    taken = sum(prompt)
    lagging = sum(count >= FEW - 1 for count in (*late, *ahead))
    if not taken:
        spare = CHUNK
    elif taken == 1 and not lagging:
        spare = 0
    else:
        spare = _filled(taken + CATCHING_UP * lagging) - taken
    extra, left = _dealt(late, spare)
    return [now + more for now, more in zip(prompt, extra, strict=True)], _dealt(ahead, left)[0]


def _filled(rows: int) -> int:
    """As many rows as are computed for `rows`."""
    return FEW if rows <= FEW else -(-rows // TILE) * TILE


def _dealt(wanted: Sequence[int], rows: int) -> tuple[list[int], int]:
    """Rows dealt out evenly among those who want them, and how many are left."""
    dealt = [0] * len(wanted)
    if not rows or not any(wanted):
        return dealt, rows
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    for place, number in enumerate(order):
        dealt[number] = min(wanted[number], -(-rows // (len(order) - place)))
        rows -= dealt[number]
    return dealt, rows
