"""The processor at hand: its name, its vector instructions, its cores. Knows no model and imports no compiler."""

from __future__ import annotations

import os
import platform
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CORES = Path("/sys/devices/system/cpu")


@dataclass(frozen=True)
class Instructions:
    """What the kernels are written for.

    lanes: float32 numbers in one vector register.
    dot: the instruction that adds four products of bytes to each int32 lane: `vpdpbusd` (AVX-512 VNNI, AVX-VNNI),
    `maddubs` (AVX2), `sdot` (ARMv8.2), or `plain` where there is none.
    registers: how many vector registers there are.
    """

    lanes: int
    dot: str
    registers: int = 16


@cache
def name() -> str:
    """The processor's name as its maker gives it."""
    if platform.system() == "Darwin":
        return _sysctl("machdep.cpu.brand_string")
    fields = _cpuinfo()
    return fields.get("model name") or fields.get("CPU part") or platform.machine()


@cache
def features() -> frozenset[str]:
    """Names of the instruction sets, as the operating system spells them."""
    if platform.system() == "Darwin":
        if platform.machine() == "arm64":
            return frozenset({"asimd", "asimddp"})
        text = f"{_sysctl('machdep.cpu.features')} {_sysctl('machdep.cpu.leaf7_features')}"
        return frozenset(text.lower().replace(".", "_").replace("avx1_0", "avx").split())
    fields = _cpuinfo()
    return frozenset((fields.get("flags") or fields.get("Features") or "").split())


def instructions(available: frozenset[str] | None = None) -> Instructions:
    """The best of what the kernels know that this processor (or one with these features) can do."""
    has = features() if available is None else available
    if {"avx512f", "avx512bw", "avx512vl", "avx512_vnni"} <= has:
        return Instructions(16, "vpdpbusd", 32)
    if {"avx512f", "avx512bw", "avx512vl"} <= has:
        return Instructions(16, "maddubs", 32)
    if {"avx2", "fma", "f16c"} <= has:
        return Instructions(8, "vpdpbusd" if "avx_vnni" in has else "maddubs")
    if "asimddp" in has:
        return Instructions(4, "sdot", 32)
    return Instructions(4, "plain")


_X86_EXTENSIONS = (
    *("avx", "avx2", "fma", "f16c", "bmi2", "avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl", "avx512ifma"),
    *("avx512vbmi", "avx512_vbmi2", "avx512_vnni", "avx512_bf16", "avx512_bitalg", "avx512_vpopcntdq", "avx512_fp16"),
    *("avx_vnni", "avx512_vp2intersect", "amx_tile", "amx_int8", "amx_bf16"),
)


def masked(available: frozenset[str] | None = None) -> tuple[str, ...]:
    """Extensions that this processor's model may have and the system does not offer, as LLVM spells them.

    A virtual machine may hide some of its processor's; code that used them all the same would crash.
    """
    available = features() if available is None else available
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64") or not available:
        return ()
    hidden = (name for name in _X86_EXTENSIONS if name not in available)
    return tuple(name.replace("_", "-" if name.startswith("amx") else "") for name in hidden)


@cache
def physical_cores() -> int:
    """Cores this process may run on, hyper-threads of one core counted once."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if platform.system() == "Darwin":
        fast = _sysctl("hw.perflevel0.physicalcpu") or _sysctl("hw.physicalcpu")
        return max(1, int(fast or 1))
    siblings = set()
    for core in allowed or range(os.cpu_count() or 1):
        try:
            siblings.add((CORES / f"cpu{core}/topology/thread_siblings_list").read_text(encoding="ascii").strip())
        except OSError:
            siblings.add(str(core))
    return max(1, len(siblings))


def threads(requested: int | None = None) -> int:
    """How many threads decode: as requested, else one for each physical core. ValueError below 1."""
    if requested is None:
        return physical_cores()
    if requested < 1:
        raise ValueError(f"{requested} threads cannot decode: at least 1")
    return requested


def identity() -> str:
    """One line that differs wherever compiled code may not be exchanged."""
    return f"{platform.system()} {platform.machine()} {name()} {' '.join(sorted(features()))}"


@cache
def _cpuinfo() -> dict[str, str]:
    """Fields of the first processor in /proc/cpuinfo; empty where there is none."""
    try:
        first = CPUINFO.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0]
    except OSError:
        return {}
    pairs = (line.partition(":") for line in first.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _sysctl(key: str) -> str:
    result = subprocess.run(["/usr/sbin/sysctl", "-n", key], capture_output=True, text=True, check=False)
    return result.stdout.strip()
