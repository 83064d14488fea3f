import os
import platform

import pytest

from amt import processor
from amt.processor import Instructions

AVX2 = {"avx2", "fma", "f16c"}
AVX512 = AVX2 | {"avx512f", "avx512bw", "avx512vl"}


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (AVX512 | {"avx512_vnni"}, Instructions(16, "vpdpbusd", 32)),
        (AVX512, Instructions(16, "maddubs", 32)),
        (AVX2 | {"avx_vnni"}, Instructions(8, "vpdpbusd")),
        (AVX2, Instructions(8, "maddubs")),
        ({"asimd", "asimddp"}, Instructions(4, "sdot", 32)),
        ({"sse2"}, Instructions(4, "plain")),
        (set(), Instructions(4, "plain")),
    ],
)
def test_instructions_are_the_best_that_the_features_allow(features, expected):
    assert processor.instructions(frozenset(features)) == expected


def test_one_thread_for_each_physical_core_unless_told_otherwise():
    assert 1 <= processor.physical_cores() <= (os.cpu_count() or 1)
    assert processor.threads() == processor.physical_cores()
    assert processor.threads(3) == 3


@pytest.mark.parametrize("threads", [0, -1])
def test_no_thread_at_all_is_refused(threads):
    with pytest.raises(ValueError, match="at least 1"):
        processor.threads(threads)


def test_the_identity_names_processor_and_features():
    assert processor.name()
    assert processor.name() in processor.identity()
    assert all(feature in processor.identity() for feature in processor.features())
    assert "\n" not in processor.identity()


@pytest.mark.skipif(
    platform.system() != "Linux" or platform.machine() != "x86_64", reason="only Linux on x86 hides extensions"
)
def test_what_the_system_hides_is_switched_off() -> None:
    shown = frozenset({"avx", "avx2", "fma", "f16c", "bmi2", "avx_vnni"})
    hidden = processor.masked(shown)
    assert {"avx512f", "avx512vnni", "avx512bf16", "amx-tile"} <= set(hidden)
    assert not {"avx2", "fma", "avxvnni"} & set(hidden)
    assert processor.masked(frozenset()) == ()
