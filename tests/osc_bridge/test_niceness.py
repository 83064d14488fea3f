"""Only threads that decode make way, and only ever downwards."""

import os
import sys
import threading
from collections.abc import Callable

import numpy as np
import pytest

from amt.decoder import Decoder
from osc_bridge import niceness
from osc_bridge.niceness import NiceDecoder, make_way

linux = pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux alone")


def priority_after(work: Callable[[], object]) -> int:
    """The priority of a thread of its own that has done `work`."""
    found = []

    def watched() -> None:
        work()
        found.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=watched)
    thread.start()
    thread.join()
    return found[0]


@linux
def test_a_thread_that_decodes_makes_way_and_no_other_does(decoder: Decoder) -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    nice = NiceDecoder(decoder, 19)
    cache = nice.new_cache()
    assert nice.config is decoder.config
    assert priority_after(lambda: nice.extend(cache, np.zeros(3, np.int32))) == 19
    assert cache.length == 3
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
    assert priority_after(lambda: nice.new_cache()) == before


@linux
def test_every_thread_makes_way_once(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(niceness, "make_way", asked.append)
    nice = NiceDecoder(decoder, 4)

    def twice() -> None:
        cache = nice.new_cache()
        nice.extend(cache, np.zeros(1, np.int32))
        nice.logits(cache, np.zeros(1, np.int32))

    priority_after(twice)
    priority_after(twice)
    assert asked == [4, 4]


@linux
def test_a_nicer_thread_stays_as_it_is() -> None:
    def lowered_twice() -> None:
        make_way(19)
        make_way(3)

    assert priority_after(lowered_twice) == 19


def test_elsewhere_the_whole_program_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    monkeypatch.setattr(niceness.sys, "platform", "darwin")
    monkeypatch.setattr(niceness.os, "getpriority", lambda _which, _who: 0)
    monkeypatch.setattr(niceness.os, "setpriority", lambda *arguments: asked.append(arguments))
    make_way(5)
    assert asked == [(os.PRIO_PROCESS, 0, 5)]
