"""Who plays from a bar line on, told to the model as controls: a note of no length and pitch 0 for each instrument.

Published models of the family do not know them (amt.config.ModelConfig.knows_lineups): left to themselves they use two
instruments of four. Where they stand in the sequence: amt.score.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from amt.vocabulary import PITCHES


def lineup(step: int, programs: Iterable[int]) -> npt.NDArray[np.int32]:
    """The controls at a step: an array of events [n, 3] (amt.score), one for each General MIDI program or the drums."""
    return np.array([(step, 0, program * PITCHES) for program in sorted(set(programs))], np.int32).reshape(-1, 3)
