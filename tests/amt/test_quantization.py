import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from amt.config import ModelError
from amt.quantization import (
    GROUP,
    SCHEMES,
    Scheme,
    dequantize,
    from_bfloat16,
    pack,
    quantization,
    quantize,
    scheme,
    to_bfloat16,
    unpack,
)

GROUPED = [how for how in SCHEMES.values() if how.bits]

groups_of_codes = arrays(np.uint8, st.tuples(st.integers(1, 4), st.integers(1, 3).map(lambda n: n * GROUP)))
weights = arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 3).map(lambda groups: groups * GROUP)),
    elements=st.floats(-100, 100, width=32),
)


def _mlc_code(packed: NDArray[np.uint32], row: int, column: int, bits: int) -> int:
    """MLC's own rule: shift the word of the column right by the column's place in it."""
    each = 32 // bits
    return int(packed[row, column // each]) >> (column % each * bits) & (2**bits - 1)


@pytest.mark.parametrize("how", GROUPED, ids=lambda how: how.name)
@given(codes=groups_of_codes)
def test_codes_are_packed_as_mlc_packs_them(how: Scheme, codes: NDArray[np.uint8]) -> None:
    codes = codes & np.uint8(2**how.bits - 1)
    packed = pack(codes, how)
    assert packed.shape == (len(codes), codes.shape[1] * how.bits // 32)
    np.testing.assert_array_equal(unpack(packed, how), codes)
    for column in (0, 1, 9, GROUP - 1):
        assert _mlc_code(packed, 0, column, how.bits) == codes[0, column]


@pytest.mark.parametrize("how", GROUPED, ids=lambda how: how.name)
@given(weight=weights)
def test_no_weight_moves_farther_than_clipping_and_rounding_allow(how: Scheme, weight: NDArray[np.float32]) -> None:
    packed, scales = quantize(weight, how)
    back = dequantize(packed, scales, how)
    assert back.shape == weight.shape
    assert np.isfinite(back).all()
    widest = np.abs(weight).reshape(len(weight), -1, GROUP).max(axis=-1)
    allowed = np.repeat(widest, GROUP, axis=1) * (0.5 if how.bits == 4 else 0.02) + 1e-6
    assert (np.abs(back - weight) <= allowed).all()


@pytest.mark.parametrize("how", GROUPED, ids=lambda how: how.name)
@given(weight=weights)
def test_the_error_is_no_larger_than_with_mlcs_own_scale(how: Scheme, weight: NDArray[np.float32]) -> None:
    groups = weight.reshape(-1, GROUP).astype(np.float64)
    scale = np.abs(groups).max(axis=1, keepdims=True) / how.zero
    plain = np.rint(groups / np.where(scale > 0, scale, 1)) * scale
    packed, scales = quantize(weight, how)
    ours = dequantize(packed, scales, how).reshape(-1, GROUP)
    error, plain_error = np.square(ours - groups).sum(axis=1), np.square(plain - groups).sum(axis=1)
    # Storing the scale in two bytes costs up to 2**-8 of every weight, float16's smallest steps a little more.
    assert (error <= plain_error * 1.05 + 2.0**-14 * np.square(groups).sum(axis=1) + 1e-5).all()


@pytest.mark.parametrize("how", GROUPED, ids=lambda how: how.name)
def test_what_the_format_can_express_comes_back_exactly(how: Scheme) -> None:
    random = np.random.default_rng(0)
    codes = random.integers(0, 2 * how.zero + 1, (8, 4 * GROUP), dtype=np.uint8)
    codes[:, ::GROUP] = 2 * how.zero
    scales = np.ldexp(np.float32(1), random.integers(-8, -2, (8, 4))).astype(how.dtype)
    weight = dequantize(pack(codes, how), scales, how)
    packed, fitted = quantize(weight, how)
    np.testing.assert_array_equal(dequantize(packed, fitted, how), weight)
    np.testing.assert_array_equal(fitted, scales)


@pytest.mark.parametrize("how", GROUPED, ids=lambda how: how.name)
def test_zeros_stay_zeros(how: Scheme) -> None:
    packed, scales = quantize(np.zeros((2, GROUP), np.float32), how)
    assert not dequantize(packed, scales, how).any()


def test_least_squares_scales_beat_the_largest_weight_on_bell_shaped_weights() -> None:
    weight = np.random.default_rng(1).standard_normal((64, 512)).astype(np.float32)
    groups = weight.reshape(-1, GROUP)
    scale = np.abs(groups).max(axis=1, keepdims=True) / 7
    plain = np.square(np.rint(groups / scale) * scale - groups).mean()
    packed, scales = quantize(weight, SCHEMES["q4f32_1"])
    ours = np.square(dequantize(packed, scales, SCHEMES["q4f32_1"]) - weight).mean()
    assert ours < 0.9 * plain


def test_long_matrices_are_quantised_row_by_row() -> None:
    how = SCHEMES["q8f32_1"]
    weight = np.random.default_rng(2).standard_normal((3, 1 << 19)).astype(np.float32)
    whole, scales = quantize(weight, how)
    for row in range(3):
        one, scale = quantize(weight[row : row + 1], how)
        np.testing.assert_array_equal(one[0], whole[row])
        np.testing.assert_array_equal(scale[0], scales[row])


def test_columns_that_make_no_groups_are_refused() -> None:
    with pytest.raises(ModelError, match="q0f32"):
        quantize(np.zeros((2, GROUP + 1), np.float32), SCHEMES["q4f32_1"])


@given(arrays(np.uint16, 8))
def test_bfloat16_comes_back(halves: NDArray[np.uint16]) -> None:
    values = from_bfloat16(halves)
    finite = np.isfinite(values)
    np.testing.assert_array_equal(to_bfloat16(values)[finite], halves[finite])


def test_bfloat16_rounds_to_nearest_even() -> None:
    torch = pytest.importorskip("torch")
    values = np.random.default_rng(3).standard_normal(4_096).astype(np.float32)
    np.testing.assert_array_equal(from_bfloat16(to_bfloat16(values)), torch.tensor(values).bfloat16().float().numpy())


def test_with_four_bits_the_embedding_keeps_eight() -> None:
    assert str(quantization("q4f32_1")) == "q4f32_1 (embedding q8f32_1)"
    assert str(quantization("q8f32_1")) == "q8f32_1"
    assert quantization("q4f32_1", "q4f32_1").embedding == SCHEMES["q4f32_1"]


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ModelError, match="q0f32, q0f16, q8f32_1, q4f32_1"):
        scheme("q5")
