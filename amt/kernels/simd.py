"""Vectors in TIR: loads, reductions, dot products of bytes, exp and GELU. Knows lanes, not models.

Functions here take and give TIR expressions. They run while a kernel is being built, so that Python's loops are the
kernel's unrolled loops.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from tvm.tirx import Buffer, Expr, Shuffle
from tvm.tirx.script.builder import ir as T  # noqa: N812 - TVM's own spelling

# TVM is untyped
Index: TypeAlias = Any


def vector(dtype: str, lanes: int) -> str:
    """The name of a vector type."""
    return f"{dtype}x{lanes}" if lanes > 1 else dtype


def splat(value: Expr, lanes: int) -> Expr:
    """One number in all lanes."""
    return T.Broadcast(value, lanes) if lanes > 1 else value


def load(buffer: Buffer, *index: Index, lanes: int, dtype: str = "float32") -> Expr:
    """`lanes` consecutive numbers along the last axis, converted to `dtype`."""
    *outer, last = index
    value = buffer[(*outer, T.Ramp(last, 1, lanes) if lanes > 1 else last)]
    return value if str(buffer.dtype) == dtype else T.Cast(vector(dtype, lanes), value)


def store(buffer: Buffer, value: Expr, *index: Index, lanes: int) -> None:
    """Writes `lanes` consecutive numbers along the last axis, converted to the buffer's type."""
    *outer, last = index
    if not str(value.ty.dtype).startswith(str(buffer.dtype)):
        value = T.Cast(vector(str(buffer.dtype), lanes), value)
    T.buffer_store(buffer, value, [*outer, T.Ramp(last, 1, lanes) if lanes > 1 else last])


def bind(value: Expr) -> Expr:
    """Computes a vector or number once: into a cell of its own, which LLVM keeps in a register.

    Not T.Bind: TVM's passes put its value back wherever the name is used, which makes chains of them grow
    exponentially. The cell's scope must be the default: only arrays of that scope does TVM keep on the stack, any
    other costs a heap allocation each time (25 ms a token instead of 0.2).
    """
    dtype, lanes = str(value.ty.dtype).partition("x")[0], lanes_of(str(value.ty.dtype))
    cell = T.alloc_buffer((lanes,), dtype)
    store(cell, value, 0, lanes=lanes)
    return load(cell, 0, lanes=lanes, dtype=dtype)


def fma(a: Expr, b: Expr, c: Expr) -> Expr:
    """a b + c, rounded once, so that no compiler's choice can change a result."""
    return bind(T.call_llvm_intrin(str(a.ty.dtype), "llvm.fma", a, b, c))


def lanes_of(dtype: str) -> int:
    return int(dtype.partition("x")[2] or 1)


def constant(value: float, lanes: int) -> Expr:
    return splat(T.float32(value), lanes)


def shuffle(parts: Sequence[Expr], order: Sequence[int]) -> Expr:
    """Lanes of the concatenated parts in a new order."""
    return Shuffle(list(parts), list(order))


def reduce(combine: Callable[[Expr, Expr], Expr], value: Expr, lanes: int) -> Expr:
    """All lanes combined by halves, in an order that depends on the number of lanes alone."""
    while lanes > 1:
        lanes //= 2
        lower, upper = (bind(shuffle([value], range(start, start + lanes))) for start in (0, lanes))
        value = bind(combine(lower, upper))
    return value


def add(a: Expr, b: Expr) -> Expr:
    return a + b


def total(values: Sequence[Expr], chains: int = 4) -> Expr:
    """The sum of vectors, in `chains` independent sums so that additions overlap."""
    sums = [bind(value) for value in values[:chains]]
    for place, value in enumerate(values[chains:]):
        sums[place % chains] = bind(sums[place % chains] + value)
    while len(sums) > 1:
        sums = [bind(a + b) for a, b in zip(sums[::2], sums[1::2], strict=False)] + sums[len(sums) // 2 * 2 :]
    return sums[0]


def largest(values: Sequence[Expr], lanes: int) -> Expr:
    """The largest number in vectors."""
    best = bind(values[0])
    for value in values[1:]:
        best = bind(T.max(best, value))
    return reduce(T.max, best, lanes)


def quotient(a: Expr, b: Expr) -> Expr:
    """a / b of numbers, or 0 where b is not above 0."""
    return bind(T.Select(b > T.float32(0), a / b, T.float32(0)))


def to_int(x: Expr, lanes: int) -> Expr:
    """The nearest int32; halves go to even ones."""
    return T.Cast(vector("int32", lanes), T.nearbyint(x))


def exp(x: Expr, lanes: int) -> Expr:
    """e to the x within 2 units in the last place; exactly 0 from -88 down. Source: Cephes, expf."""
    x = bind(T.max(T.min(x, constant(88.0, lanes)), constant(-88.0, lanes)))
    power = bind(T.nearbyint(x * constant(math.log2(math.e), lanes)))
    # ln 2 in two parts, the first with few enough bits that its multiples are exact
    rest = bind(fma(power, constant(-0.693359375, lanes), x))
    rest = bind(fma(power, constant(2.12194440e-4, lanes), rest))
    series = constant(1.9875691500e-4, lanes)
    for factor in (1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1):
        series = bind(fma(series, rest, constant(factor, lanes)))
    series = bind(fma(series, bind(rest * rest), rest + constant(1.0, lanes)))
    bits = T.shift_left(T.Cast(vector("int32", lanes), power) + splat(T.int32(127), lanes), splat(T.int32(23), lanes))
    return bind(series * T.reinterpret(vector("float32", lanes), bits))


def log(x: Expr, lanes: int) -> Expr:
    """The natural logarithm of normal numbers above 0, within 2 units in the last place. Source: Cephes, logf."""
    bits, ints = bind(T.reinterpret(vector("int32", lanes), x)), vector("int32", lanes)
    half = T.bitwise_or(T.bitwise_and(bits, splat(T.int32(0x007FFFFF), lanes)), splat(T.int32(0x3F000000), lanes))
    part = bind(T.reinterpret(vector("float32", lanes), half))
    small = bind(T.Cast(ints, part < constant(math.sqrt(0.5), lanes)))
    power = T.shift_right(bits, splat(T.int32(23), lanes)) - splat(T.int32(126), lanes) - small
    power = bind(T.Cast(vector("float32", lanes), power))
    doubled = part * T.Cast(vector("float32", lanes), small)
    rest = bind(part + doubled - constant(1.0, lanes))
    square = bind(rest * rest)
    series = constant(7.0376836292e-2, lanes)
    for factor in (-1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1):
        series = bind(fma(series, rest, constant(factor, lanes)))
    for factor in (2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1):
        series = bind(fma(series, rest, constant(factor, lanes)))
    result = bind(series * rest)
    result = bind(result * square)
    # ln 2 in two parts, the first with few enough bits that its multiples are exact
    result = bind(fma(power, constant(-2.12194440e-4, lanes), result))
    result = bind(fma(square, constant(-0.5, lanes), result))
    return bind(fma(power, constant(0.693359375, lanes), rest + result))


def gelu(x: Expr, lanes: int) -> Expr:
    """GPT-2's gelu_new, x/2 (1 + tanh u) with u = sqrt(2/pi) (x + 0.044715 x^3), written as x / (1 + exp(-2u))."""
    x = bind(x)
    inner = bind(fma(x * x, constant(0.044715, lanes), constant(1.0, lanes)))
    decay = exp(bind(x * inner) * constant(-2 * math.sqrt(2 / math.pi), lanes), lanes)
    return bind(x / (decay + constant(1.0, lanes)))


def dot(kind: str, bits: int, acc: Expr, weights: Expr, inputs: Expr, lanes: int) -> Expr:
    """acc int32 plus, in every lane, the products of four weight bytes (0 … 2^bits - 1) and input bytes (-127 … 127).

    acc, weights, inputs: int32 vectors; the bytes of the last two are used. Exact, so every `kind`
    (amt.processor.Instructions) gives the same.
    """
    if kind == "vpdpbusd":
        return _dot_intrinsic(f"llvm.x86.avx512.vpdpbusd.{32 * lanes}", acc, weights, inputs, lanes)
    if kind == "plain":
        return _dot_plain(acc, weights, inputs, lanes)
    if bits < 8:
        return _dot_signed(kind, acc, weights, inputs, lanes)
    # these take weights of 7 bits: the eighth is worth 128 times an input
    low, high = (splat(T.int32(mask), lanes) for mask in (0x7F7F7F7F, 0x01010101))
    eighth = bind(T.bitwise_and(T.shift_right(weights, splat(T.int32(7), lanes)), high))
    rest = _dot_signed(kind, splat(T.int32(0), lanes), eighth, inputs, lanes)
    acc = _dot_signed(kind, acc, bind(T.bitwise_and(weights, low)), inputs, lanes)
    return acc + T.shift_left(rest, splat(T.int32(7), lanes))


def _dot_signed(kind: str, acc: Expr, weights: Expr, inputs: Expr, lanes: int) -> Expr:
    """The same for weight bytes 0 … 127."""
    if kind == "sdot":
        return _dot_intrinsic("llvm.aarch64.neon.sdot.v4i32.v16i8", acc, weights, inputs, lanes)
    pairs = "avx2.pmadd.ub.sw" if lanes == 8 else "avx512.pmaddubs.w.512"
    octets, words = vector("int8", 4 * lanes), vector("int16", 2 * lanes)
    twos = T.call_llvm_intrin(words, f"llvm.x86.{pairs}", T.reinterpret(octets, weights), T.reinterpret(octets, inputs))
    return acc + _multiply_add(twos, splat(T.int16(1), 2 * lanes), lanes)


def _dot_intrinsic(name: str, acc: Expr, weights: Expr, inputs: Expr, lanes: int) -> Expr:
    octets = vector("int8", 4 * lanes)
    weights, inputs = T.reinterpret(octets, weights), T.reinterpret(octets, inputs)
    return T.call_llvm_intrin(vector("int32", lanes), name, acc, weights, inputs)


def _dot_plain(acc: Expr, weights: Expr, inputs: Expr, lanes: int) -> Expr:
    byte, top = splat(T.int32(255), lanes), splat(T.int32(24), lanes)
    for place in range(4):
        shift = splat(T.int32(8 * place), lanes)
        weight = T.bitwise_and(T.shift_right(weights, shift), byte)
        acc = bind(acc + weight * T.shift_right(T.shift_left(inputs, top - shift), top))
    return acc


def dot_pairs(kind: str, acc: Expr, values: Expr, weights: Expr, lanes: int) -> Expr:
    """acc int32 plus, in every lane, the products of two bytes with two numbers of 16 bits that all lanes share.

    values: int16 vector, two signed bytes a lane; weights: int32, the two numbers, the lower half first. Exact.
    """
    if kind in ("plain", "sdot"):
        wide = bind(T.Cast(vector("int32", lanes), values))
        eight, top, half = (splat(T.int32(bits), lanes) for bits in (8, 24, 16))
        low = T.shift_right(T.shift_left(wide, top), top)
        first = T.shift_right(T.shift_left(splat(weights, lanes), half), half)
        return acc + low * first + T.shift_right(wide, eight) * T.shift_right(splat(weights, lanes), half)
    words = vector("int16", 2 * lanes)
    wide = T.Cast(words, T.reinterpret(vector("int8", 2 * lanes), values))
    pairs = T.reinterpret(words, splat(weights, lanes))
    if kind == "vpdpbusd":
        return T.call_llvm_intrin(vector("int32", lanes), f"llvm.x86.avx512.vpdpwssd.{32 * lanes}", acc, wide, pairs)
    return acc + _multiply_add(wide, pairs, lanes)


def _multiply_add(a: Expr, b: Expr, lanes: int) -> Expr:
    """Neighbouring products of int16 vectors, added by twos into int32."""
    name = "avx2.pmadd.wd" if lanes == 8 else "avx512.pmaddw.d.512"
    return T.call_llvm_intrin(vector("int32", lanes), f"llvm.x86.{name}", a, b)


@contextmanager
def team() -> Iterator[None]:
    """What follows runs in all threads at once, each doing the whole of it except `shared` loops."""
    with T.attr(0, "pragma_parallel_launch_point", 1):
        yield


@contextmanager
def shared(extent: Index) -> Iterator[Expr]:
    """A loop divided among the team; all wait for one another at its end."""
    with T.attr(0, "pragma_parallel_barrier_when_finish", 1):
        if extent == 1 and isinstance(extent, int):
            # TVM takes a loop of one round apart, and every thread would do it
            with T.parallel(2) as place, T.If(place < 1), T.Then():
                yield place
        else:
            with T.parallel(extent) as place:
                yield place
