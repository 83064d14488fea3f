"""The compiled decoder against transformers and against itself: what it computes, and that it is always the same."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amt import decoder, embedded
from amt.cache import MOST, CachesExhausted
from amt.config import ModelConfig
from amt.huggingface import import_checkpoint
from amt.quantization import quantization
from amt.sampler import Choices, pool, probabilities
from amt.vocabulary import ANTICIPATE, CONTROL, VOCABULARY
from amt.weights import read, write
from amt.weights.names import EMBEDDING
from tests.amt import checkpoints
from tests.amt.checkpoints import TINY

BOOTSTRAP = Path(__file__).parents[2].parent / "shared" / "bootstrap_model" / "materialize.py"
SMALL = ModelConfig(12, 768, 12, 1_024, 3_072, scale_attn_by_inverse_layer_idx=True)
ODD = ModelConfig(2, 36, 4, 40, 60)
ROWS = np.arange(VOCABULARY, dtype=np.int32)


def tokens(length: int, seed: int = 0) -> np.ndarray:
    """Random tokens of all blocks, with a flag first."""
    chosen = np.random.default_rng(seed).integers(0, VOCABULARY, length).astype(np.int32)
    chosen[0] = ANTICIPATE
    return chosen


def hidden(cache: decoder.Cache) -> bytes:
    assert cache.hidden is not None
    return cache.hidden.tobytes()


SCHEMES = {
    "floats": quantization("q0f32"),
    "8 bits": quantization("q8f32_1"),
    "4 bits": quantization("q4f32_1"),
    "4 bits, the embedding too": quantization("q4f16_1", "q4f16_1"),
}


@pytest.fixture(scope="module", params=SCHEMES)
def tiny(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / request.param.replace(" ", "-")
    write(folder, TINY, SCHEMES[request.param], checkpoints.weights(TINY))
    return folder


@pytest.fixture(scope="module")
def model(tiny: Path) -> decoder.Decoder:
    return decoder.load(tiny)


def assert_equals_transformers(source: Path, folder: Path, length: int) -> None:
    reference = transformers.GPT2LMHeadModel.from_pretrained(source, dtype=torch.float32).eval()
    import_checkpoint(source, folder, "q0f32")
    model, chosen = decoder.load(folder), tokens(length)
    with torch.no_grad():
        expected = reference(torch.from_numpy(chosen.astype(np.int64))[None]).logits[0].numpy()
    cache = model.new_cache()
    for start, end in ((0, 1), (1, 2), (2, length - 1), (length - 1, length)):
        model.extend(cache, chosen[start:end])
        np.testing.assert_allclose(model.logits(cache, ROWS), expected[end - 1], atol=1e-3, rtol=0)


@pytest.mark.parametrize("config", [checkpoints.CONFIG, ODD, SMALL], ids=["narrow", "odd", "small"])
def test_logits_are_those_of_transformers(config: ModelConfig, tmp_path: Path) -> None:
    checkpoints.gpt2(config).save_pretrained(tmp_path / "checkpoint")
    assert_equals_transformers(tmp_path / "checkpoint", tmp_path / "model", min(config.positions, 200))


@pytest.mark.skipif(not BOOTSTRAP.exists(), reason="../shared/bootstrap_model is not here")
def test_logits_of_the_bootstrap_model_are_those_of_transformers(tmp_path: Path) -> None:
    subprocess.run([sys.executable, BOOTSTRAP, tmp_path / "checkpoint"], check=True)
    assert_equals_transformers(tmp_path / "checkpoint", tmp_path / "model", 600)


def test_quantised_logits_are_near_those_of_the_dequantised_weights(tiny: Path, tmp_path: Path) -> None:
    stored = read(tiny)
    floats = {name: tensor for name, tensor in stored.tensors.items() if ".q_" not in name}
    names = {name.removesuffix(".q_weight") for name in stored.tensors if name.endswith(".q_weight")}
    floats |= {f"{name}.weight": stored.matrix(name) for name in names}
    write(tmp_path / "floats", TINY, quantization("q0f32"), floats)
    exact, near, chosen = decoder.load(tmp_path / "floats"), decoder.load(tiny), tokens(100)
    logits = []
    for each in (exact, near):
        cache = each.new_cache()
        each.extend(cache, chosen)
        logits.append(each.logits(cache, ROWS))
    # inputs are rounded to 8 bits (docs/performance.md), which is a small part of what 4-bit weights lose
    assert np.corrcoef(*logits)[0, 1] > 0.9995


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hidden_states_are_bitwise_the_same_however_tokens_are_split(
    model: decoder.Decoder, data: st.DataObject
) -> None:
    length = data.draw(st.integers(1, TINY.positions), "length")
    chosen = tokens(length, data.draw(st.integers(0, 3), "seed"))
    whole, parts = model.new_cache(), model.new_cache()
    model.extend(whole, chosen)
    while parts.length < length:
        step = data.draw(st.integers(1, length - parts.length) | st.integers(1, min(9, length - parts.length)))
        model.extend(parts, chosen[parts.length : parts.length + step])
    assert hidden(whole) == hidden(parts)


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_truncated_cache_is_as_good_as_a_new_one(model: decoder.Decoder, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, 100), "kept")
    first, second = tokens(140, 1), tokens(140, 2)
    used, fresh = model.new_cache(), model.new_cache()
    model.extend(used, first)
    used.truncate(kept)
    second[:kept] = first[:kept]
    more = data.draw(st.integers(kept + 1, 140), "more")
    model.extend(used, second[kept:more])
    model.extend(fresh, second[:more])
    assert hidden(used) == hidden(fresh)


def test_one_token_after_another_gives_the_same_bits_as_all_at_once(model: decoder.Decoder) -> None:
    chosen, single = tokens(TINY.positions, 4), model.new_cache()
    for length in range(1, TINY.positions + 1):
        model.extend(single, chosen[length - 1 : length])
        whole = model.new_cache()
        model.extend(whole, chosen[:length])
        assert hidden(single) == hidden(whole), length


SUM = """
import sys, hashlib, numpy as np
from amt import decoder
model = decoder.load(sys.argv[1], threads=int(sys.argv[2]))
tokens = (np.arange(140) * 7919 % 55028).astype(np.int32)
digest, cache = hashlib.sha256(), model.new_cache()
for part in (tokens[:97], tokens[97:98], tokens[98:]):
    model.extend(cache, part)
    digest.update(model.logits(cache, np.arange(55028, dtype=np.int32)).tobytes())
print(digest.hexdigest())
"""


def test_the_number_of_threads_changes_no_bit(tiny: Path, model: decoder.Decoder) -> None:  # noqa: ARG001 - compiled
    command = [sys.executable, "-c", SUM, str(tiny)]
    sums = {subprocess.run([*command, str(n)], capture_output=True, text=True, check=True).stdout for n in (1, 2, 3, 5)}
    assert len(sums) == 1


@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_caches_read_together_are_as_each_read_alone(model: decoder.Decoder, data: st.DataObject) -> None:
    """Whatever is read beside it, in whatever order: a cache is a pure function of its tokens."""
    sequences = [tokens(TINY.positions, seed) for seed in range(data.draw(st.integers(1, 9), "caches"))]
    together = [model.new_cache() for _ in sequences]
    for _ in range(data.draw(st.integers(1, 4), "reads")):
        parts = []
        for cache, sequence in zip(together, sequences, strict=True):
            size = data.draw(st.integers(0, min(30, TINY.positions - cache.length)))
            if size:
                parts.append((cache, sequence[cache.length : cache.length + size]))
        model.read(data.draw(st.permutations(parts)))
    for cache, sequence in zip(together, sequences, strict=True):
        if cache.length:
            alone = model.new_cache()
            model.extend(alone, sequence[: cache.length])
            assert hidden(cache) == hidden(alone)


def test_nothing_is_read_where_one_part_cannot_be(model: decoder.Decoder) -> None:
    caches = [model.new_cache() for _ in range(2)]
    model.read([(cache, tokens(5)) for cache in caches])
    before = [hidden(cache) for cache in caches]
    for wrong in ([VOCABULARY], [], [0] * TINY.positions):
        with pytest.raises(ValueError, match=r"vocabulary|no token|do not fit"):
            model.read([(caches[0], tokens(2)), (caches[1], np.array(wrong, np.int32))])
    with pytest.raises(ValueError, match="twice"):
        model.read([(caches[0], tokens(2)), (caches[0], tokens(2))])
    assert [cache.length for cache in caches] == [5, 5]
    assert [hidden(cache) for cache in caches] == before


def test_a_released_cache_makes_room(model: decoder.Decoder) -> None:
    caches = [model.new_cache() for _ in range(MOST)]
    with pytest.raises(CachesExhausted, match="in use"):
        model.new_cache()
    model.extend(caches[3], tokens(20))
    expected = hidden(caches[3])
    del caches
    gc.collect()
    caches = [model.new_cache() for _ in range(MOST)]
    for cache in caches:
        model.extend(cache, tokens(20))
    assert {hidden(cache) for cache in caches} == {expected}


def choices_of(data: st.DataObject) -> Choices:
    """Rows of one slot or any, pooled or not, biased or not, as a composer may ask for them."""
    count = data.draw(st.integers(1, 700) | st.integers(1, 5), "rows")
    first = data.draw(st.integers(0, VOCABULARY - count), "first")
    rows = np.arange(first, first + count, dtype=np.int32)
    starts = bias = None
    if data.draw(st.booleans(), "pooled"):
        inner = data.draw(st.sets(st.integers(1, max(1, count - 1)), max_size=count - 1), "starts")
        starts = np.array([0, *sorted(inner)] if count > 1 else [0], np.int32)
    if data.draw(st.booleans(), "biased"):
        size = count if starts is None else len(starts)
        bias = np.random.default_rng(count).normal(0, 4, size).astype(np.float32)
        bias[data.draw(st.integers(0, size - 1)) :: 3] = -40
    temperature, top_p = (data.draw(st.sampled_from(values)) for values in ((0.1, 0.7, 1.0, 2.0), (0.1, 0.9, 1.0)))
    return Choices(rows, starts, bias, temperature, top_p)


def borders(logits: np.ndarray, choices: Choices) -> np.ndarray:
    """Between which numbers each run is chosen: float64 [m + 1] from 0 to 1."""
    pooled = logits if choices.starts is None else pool(logits, choices.starts)
    biased = pooled if choices.bias is None else pooled + choices.bias
    return np.concatenate([[0], np.cumsum(probabilities(biased, choices.temperature, choices.top_p))])


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_draws_are_those_of_numpy(model: decoder.Decoder, data: st.DataObject) -> None:
    draws = []
    for seed in range(data.draw(st.integers(1, 5), "draws")):
        cache = model.new_cache()
        model.extend(cache, tokens(data.draw(st.integers(1, 40), "length"), seed))
        draws.append((cache, choices_of(data), data.draw(st.floats(0, 1, exclude_max=True), "number")))
    chosen = model.draw(draws)
    assert chosen == [model.draw([draw])[0] for draw in draws]
    for (cache, choices, number), index in zip(draws, chosen, strict=True):
        # a number that is a rounding error away from a border between two runs may fall on either
        below, above = (borders(model.logits(cache, choices.rows), choices)[index + side] for side in (0, 1))
        assert below - 3e-5 <= number <= above + 3e-5


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_step_is_a_read_and_a_draw(model: decoder.Decoder, data: st.DataObject) -> None:
    """In one call of the model where it can be, in several where there is too much or a cache was read before."""
    parts, draws, apart = [], [], []
    for seed in range(data.draw(st.integers(1, 4), "caches")):
        caches = model.new_cache(), model.new_cache()
        model.read([(cache, tokens(7, seed)) for cache in caches])
        if more := data.draw(st.integers(0, 3) | st.integers(0, 60), "tokens"):
            parts.append((caches[0], tokens(more, seed)))
            model.extend(caches[1], tokens(more, seed))
        if data.draw(st.booleans(), "drawn"):
            for cache, several in zip(caches, (draws, apart), strict=True):
                several.append((cache, Choices(np.arange(99, dtype=np.int32), top_p=0.9), 0.3))
    assert model.step(parts, draws) == model.draw(apart)
    for (cache, _, _), (other, _, _) in zip(draws, apart, strict=True):
        assert hidden(cache) == hidden(other)


def test_nothing_is_read_where_the_draw_cannot_be(model: decoder.Decoder) -> None:
    cache, other, rows = model.new_cache(), model.new_cache(), np.arange(3, dtype=np.int32)
    model.extend(cache, tokens(5))
    for wrong in ((cache, Choices(rows[:0]), 0.5), (other, Choices(rows), 0.5)):
        with pytest.raises(ValueError, match=r"nothing to choose|extend"):
            model.step([(cache, tokens(2))], [wrong])
        assert cache.length == 5


def test_all_choices_are_drawn_as_often_as_they_are_likely(model: decoder.Decoder) -> None:
    cache = model.new_cache()
    model.extend(cache, tokens(30))
    choices = Choices(np.arange(11_000, 11_040, dtype=np.int32), np.arange(0, 40, 4, dtype=np.int32), top_p=0.8)
    numbers = (np.arange(2_000) + 0.5) / 2_000
    shares = np.bincount(model.draw([(cache, choices, number) for number in numbers]), minlength=10) / 2_000
    expected = probabilities(pool(model.logits(cache, choices.rows), choices.starts), top_p=0.8)
    np.testing.assert_allclose(shares, expected, atol=2e-3)
    assert (expected == 0).any()


def test_several_draws_may_have_more_choices_together_than_there_are_tokens(model: decoder.Decoder) -> None:
    everything = Choices(np.arange(VOCABULARY, dtype=np.int32), top_p=0.9)
    draws = []
    for seed in range(5):
        cache = model.new_cache()
        model.extend(cache, tokens(9, seed))
        draws.append((cache, everything, 0.1 + seed / 7))
    assert model.draw(draws) == [model.draw([draw])[0] for draw in draws]


def test_draws_need_choices_and_a_last_token(model: decoder.Decoder) -> None:
    cache, rows = model.new_cache(), np.arange(5, dtype=np.int32)
    with pytest.raises(ValueError, match="extend"):
        model.draw([(cache, Choices(rows), 0.5)])
    model.extend(cache, tokens(5))
    with pytest.raises(ValueError, match="nothing to choose"):
        model.draw([(cache, Choices(rows[:0]), 0.5)])
    with pytest.raises(ValueError, match="vocabulary"):
        model.draw([(cache, Choices(rows - 1), 0.5)])
    assert model.draw([]) == []


def test_logits_of_some_rows_are_those_of_all_rows(model: decoder.Decoder) -> None:
    cache = model.new_cache()
    model.extend(cache, tokens(30))
    whole = model.logits(cache, ROWS)
    for rows in ([7], range(127), range(128), [55_027, 0, 30_000, 30_000], range(11_000, 27_513), ROWS[::-3]):
        chosen = np.array(rows, np.int32)
        assert (model.logits(cache, chosen) == whole[chosen]).all()
    assert model.logits(cache, np.empty(0, np.int32)).shape == (0,)


@pytest.mark.parametrize("quantised", ["q8f32_1", "q4f32_1"])
def test_a_compact_embedding_is_the_expanded_one(quantised: str, tmp_path: Path) -> None:
    weights = checkpoints.weights(TINY)
    table = weights[f"{EMBEDDING}.weight"]
    offsets = np.random.default_rng(0).standard_normal((3, TINY.width)).astype(np.float32)
    for offset, start, end in zip(offsets, (0, 10_000, 11_000), (10_000, 11_000, 27_512), strict=True):
        table[CONTROL + start : CONTROL + end] = table[start:end] + offset
    write(tmp_path / "compact", TINY, quantization(quantised), weights)
    stored = read(tmp_path / "compact")
    assert stored.compact
    full = {**weights, f"{EMBEDDING}.weight": stored.matrix(EMBEDDING)}
    write(tmp_path / "full", TINY, quantization(quantised, "q0f32"), full)
    logits = []
    for folder in ("compact", "full"):
        model = decoder.load(tmp_path / folder)
        cache = model.new_cache()
        model.extend(cache, tokens(60))
        logits.append(model.logits(cache, ROWS))
    np.testing.assert_allclose(*logits, atol=2e-2 * np.abs(logits[1]).max())
    assert np.corrcoef(*logits)[0, 1] > 0.9999


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.array([], np.int32), "no token"),
        (np.array([VOCABULARY], np.int32), "vocabulary"),
        (np.array([-1], np.int32), "vocabulary"),
        (np.array([[1, 2]], np.int32), "shape"),
        (np.zeros(TINY.positions + 1, np.int32), "do not fit"),
    ],
)
def test_tokens_that_cannot_be_read_change_nothing(model: decoder.Decoder, wrong: np.ndarray, message: str) -> None:
    cache = model.new_cache()
    model.extend(cache, tokens(5))
    before = hidden(cache)
    with pytest.raises(ValueError, match=message):
        model.extend(cache, wrong)
    assert cache.length == 5
    assert hidden(cache) == before


def test_logits_need_the_last_token_and_rows_of_the_vocabulary(model: decoder.Decoder) -> None:
    cache = model.new_cache()
    with pytest.raises(ValueError, match="extend"):
        model.logits(cache, ROWS)
    model.extend(cache, tokens(5))
    for rows in ([VOCABULARY], [-1]):
        with pytest.raises(ValueError, match="vocabulary"):
            model.logits(cache, np.array(rows, np.int32))
    cache.truncate(5)
    assert model.logits(cache, ROWS[:3]).shape == (3,)
    cache.truncate(4)
    with pytest.raises(ValueError, match="extend"):
        model.logits(cache, ROWS)


@pytest.mark.parametrize("length", [-1, 6])
def test_a_cache_cannot_be_cut_to_what_it_does_not_hold(model: decoder.Decoder, length: int) -> None:
    cache = model.new_cache()
    model.extend(cache, tokens(5))
    with pytest.raises(ValueError, match="5 tokens"):
        cache.truncate(length)
    assert cache.length == 5


def test_read_only_and_other_integer_arrays_are_taken(model: decoder.Decoder) -> None:
    chosen = tokens(20)
    frozen = chosen.copy()
    frozen.flags.writeable = False
    hiddens = set()
    for kind in (chosen, frozen, chosen.astype(np.int64), np.repeat(chosen, 2)[::2]):
        cache = model.new_cache()
        model.extend(cache, kind)
        hiddens.add(hidden(cache))
    assert len(hiddens) == 1


def test_threads_decode_side_by_side(model: decoder.Decoder) -> None:
    expected, chosen, found = model.new_cache(), tokens(TINY.positions), []
    model.extend(expected, chosen)

    def decode() -> None:
        for _ in range(20):
            cache = model.new_cache()
            for start in range(0, len(chosen), 7):
                model.extend(cache, chosen[start : start + 7])
            found.append(hidden(cache))

    workers = [threading.Thread(target=decode) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(found) == {hidden(expected)}
    assert len(found) == 60


@pytest.fixture(scope="module")
def music() -> decoder.Decoder:
    return decoder.load(embedded.PATH)


def test_logits_of_the_embedded_model_are_products_of_its_compact_embedding(music: decoder.Decoder) -> None:
    stored, cache = read(embedded.PATH), music.new_cache()
    assert stored.compact
    music.extend(cache, tokens(60))
    assert cache.hidden is not None
    expected = stored.matrix(EMBEDDING) @ cache.hidden
    np.testing.assert_allclose(music.logits(cache, ROWS), expected, atol=1e-4 * np.abs(expected).max())


def test_python_goes_on_while_the_model_reads(music: decoder.Decoder) -> None:
    # without the interpreter's lock released, nothing could count between the call and its end
    music.extend(music.new_cache(), tokens(1_000))
    counted, done = [0], threading.Event()

    def count() -> None:
        while not done.is_set():
            counted[0] += 1

    interval = sys.getswitchinterval()
    counter = threading.Thread(target=count)
    counter.start()
    try:
        sys.setswitchinterval(0.5)
        read = music._program.many
        rows, part = np.arange(64, dtype=np.int32), tokens(64)
        before = counted[0]
        read(part, 0 * rows, rows, music._pool.tensors, music._parameters)
        after = counted[0]
    finally:
        sys.setswitchinterval(interval)
        done.set()
        counter.join()
    assert after > before


def test_idle_threads_sleep(music: decoder.Decoder) -> None:
    music.extend(music.new_cache(), tokens(200))
    end = time.monotonic() + 60  # a worker looks for work a number of times, which is long on a busy computer
    while time.monotonic() < end:
        before = time.process_time()
        time.sleep(1)
        if time.process_time() - before < 0.05:
            return
    pytest.fail("idle threads go on looking for work")


def test_a_cache_takes_memory_only_as_it_fills(music: decoder.Decoder) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    if not Path("/proc/self/statm").exists():
        pytest.skip("memory is read from /proc")
    before = resident()
    caches = [music.new_cache() for _ in range(20)]
    assert resident() - before < 20_000_000
    del caches


def test_a_prepared_cache_is_as_good_as_a_new_one(model: decoder.Decoder) -> None:
    ready, new = model.new_cache(), model.new_cache()
    ready.prepare()
    for cache in (ready, new):
        model.extend(cache, tokens(40))
    ready.prepare()  # too late: it holds something
    for cache in (ready, new):
        model.extend(cache, tokens(9))
    assert hidden(ready) == hidden(new)


SERVE = """
import numpy as np
from amt import decoder, embedded
model = decoder.load(embedded.PATH)
cache = model.new_cache()
model.extend(cache, np.arange(1000, dtype=np.int32))
print(open("/proc/self/maps").read().count("libtvm_compiler"))
print(open("/proc/self/status").read().split("VmRSS:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="read from /proc")
def test_serving_needs_neither_the_compiler_nor_much_memory(music: decoder.Decoder) -> None:  # noqa: ARG001 - compiled
    result = subprocess.run([sys.executable, "-c", SERVE], capture_output=True, text=True, check=True)
    compilers, kilobytes = map(int, result.stdout.split())
    assert compilers == 0
    assert kilobytes < 350_000
