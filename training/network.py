"""The model in PyTorch while it is trained: GPT-2 whose embedding is a sum of few tables.

Rare tokens learn from frequent ones: a time is its second and its hundredth, a note its family, instrument, pitch and
pitch class (a drum its key), a control the event and an offset; small residuals hold what is left. `checkpoint` writes
the sums out as plain rows, which is what is served.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from amt import vocabulary
from amt.config import ModelConfig
from amt.vocabulary import (
    DURATION,
    EVENT_TOKENS,
    INSTRUMENTS,
    MAX_DURATION,
    MAX_TIME,
    NOTE,
    PITCHES,
    STEPS_PER_SECOND,
    TIME,
)
from patterns.note import DRUMS
from training.config import Network
from training.excerpt import FAMILY

BLOCKS = ((TIME, DURATION), (DURATION, NOTE), (NOTE, vocabulary.CONTROL))
"""The tokens that may stand in an event's three slots; each slot's softmax runs over its own, as in decoding."""
FLAGS = 3
FAMILIES = DRUMS // FAMILY
SECONDS = MAX_TIME // STEPS_PER_SECOND
SPREAD = 0.02
"""Standard deviation of fresh weights."""


class FactorisedEmbedding(nn.Module):
    """The rows (55,028, width) as sums of tables."""

    def __init__(self, width: int) -> None:
        super().__init__()

        def table(rows: int, scale: float = 1.0) -> nn.Parameter:
            return nn.Parameter(torch.randn(rows, width) * SPREAD * scale)

        self.second, self.hundredth, self.time = table(SECONDS), table(STEPS_PER_SECOND), table(MAX_TIME, 0.1)
        self.duration = table(MAX_DURATION)
        self.family, self.instrument = table(FAMILIES + 1), table(INSTRUMENTS, 0.5)
        self.pitch, self.pitch_class, self.drum = table(PITCHES), table(12), table(PITCHES)
        self.family_pitch, self.note = table(FAMILIES * PITCHES, 0.1), table(INSTRUMENTS * PITCHES, 0.1)
        self.rest, self.flags, self.control = table(1), table(FLAGS), table(EVENT_TOKENS)

    def forward(self) -> Tensor:
        """All rows."""
        width = self.pitch.shape[1]
        times = (self.second[:, None] + self.hundredth).view(MAX_TIME, width) + self.time
        octaves = self.pitch_class.repeat(-(-PITCHES // 12), 1)[:PITCHES]
        players = self.family[:FAMILIES, None] + self.instrument[:DRUMS].view(FAMILIES, FAMILY, width)
        pitches = self.pitch + octaves + self.family_pitch.view(FAMILIES, PITCHES, width)
        melodic = (players[:, :, None] + pitches[:, None]).view(DRUMS * PITCHES, width)
        drums = self.family[FAMILIES] + self.instrument[DRUMS] + self.drum
        events = (times, self.duration, torch.cat([melodic, drums]) + self.note)
        controls = [rows + offset for rows, offset in zip(events, self.control, strict=True)]
        return torch.cat([*events, self.rest, *controls, self.flags])

    @torch.no_grad()
    def take(self, rows: Tensor, controls: Tensor) -> None:
        """Become the tables whose sums are `rows` (55,028, width), as much as can be in those that rows share, with
        the offsets `controls` (3, width)."""
        width = rows.shape[1]
        times, notes = rows[TIME:DURATION], rows[NOTE : NOTE + INSTRUMENTS * PITCHES]
        table = times.view(SECONDS, STEPS_PER_SECOND, width)
        self.hundredth.copy_(table.mean(0) - times.mean(0))
        self.second.copy_(table.mean(1))
        melodic = notes[: DRUMS * PITCHES].view(FAMILIES, FAMILY, PITCHES, width)
        self.family[:FAMILIES] = melodic.mean((1, 2))
        self.instrument[:DRUMS] = (melodic.mean(2) - melodic.mean((1, 2))[:, None]).view(DRUMS, width)
        self.pitch.copy_(melodic.mean((0, 1)) - melodic.mean((0, 1, 2)))
        self.pitch_class.zero_()
        self.family_pitch.copy_(
            (melodic.mean(1) - melodic.mean((1, 2))[:, None] - self.pitch).view(FAMILIES * PITCHES, width)
        )
        kit = notes[DRUMS * PITCHES :]
        self.family[FAMILIES], self.instrument[DRUMS] = kit.mean(0), 0.0
        self.drum.copy_(kit - kit.mean(0))
        self.duration.copy_(rows[DURATION:NOTE])
        self.rest.copy_(rows[vocabulary.REST :][:1])
        self.flags.copy_(rows[vocabulary.SPECIAL :])
        self.control.copy_(controls)
        for residual in (self.time, self.note):
            residual.zero_()
        summed = self()
        self.time.copy_(times - summed[TIME:DURATION])
        self.note.copy_(notes - summed[NOTE : NOTE + INSTRUMENTS * PITCHES])


class PlainEmbedding(nn.Module):
    """The rows as one table: what a finished model has."""

    def __init__(self, rows: Tensor) -> None:
        super().__init__()
        self.rows = nn.Parameter(rows)

    def forward(self) -> Tensor:
        return self.rows


class Block(nn.Module):
    def __init__(self, sizes: Network, layer: int) -> None:
        super().__init__()
        width = sizes.width
        self.heads, self.dropout = sizes.heads, sizes.dropout
        # Mistral's stabilisation, which the published models have too: scores of layer i are divided by i + 1
        self.scale = 1 / math.sqrt(width // sizes.heads) / (layer + 1)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.attn_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, state: Tensor) -> Tensor:
        windows, length, width = state.shape
        heads = self.c_attn(self.ln_1(state)).view(windows, length, 3, self.heads, width // self.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=self.scale)
        mixed = self.attn_proj(mixed.transpose(1, 2).reshape(windows, length, width))
        state = state + F.dropout(mixed, self.dropout, self.training)
        wide = F.gelu(self.c_fc(self.ln_2(state)), approximate="tanh")
        return state + F.dropout(self.mlp_proj(wide), self.dropout, self.training)


class Model(nn.Module):
    """Mean nats of each slot [3] over the events of tokens (windows, 1,024); controls are read, not predicted."""

    def __init__(self, sizes: Network, embedding: nn.Module | None = None) -> None:
        super().__init__()
        self.sizes = sizes
        self.embedding = embedding or FactorisedEmbedding(sizes.width)
        self.positions = nn.Parameter(torch.randn(vocabulary.WINDOW, sizes.width) * SPREAD)
        self.blocks = nn.ModuleList(Block(sizes, layer) for layer in range(sizes.layers))
        self.ln_f = nn.LayerNorm(sizes.width)
        for name, weight in self.blocks.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif weight.ndim == 2:
                deep = name.endswith("proj.weight")
                nn.init.normal_(weight, 0, SPREAD / math.sqrt(2 * sizes.layers) if deep else SPREAD)

    def hidden(self, tokens: Tensor, rows: Tensor) -> Tensor:
        """Last hidden states (windows, positions, width) after tokens (windows, positions)."""
        read = F.embedding(tokens, rows)
        if self.training and self.sizes.token_dropout:
            read = self._hide(read)
        state = F.dropout(read + self.positions[: tokens.shape[1]], self.sizes.dropout, self.training)
        for block in self.blocks:
            state = block(state)
        return self.ln_f(state)

    def forward(self, tokens: Tensor) -> Tensor:
        sums, count = self.sums(tokens)
        return sums.sum(dim=1) / count.sum()

    def sums(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of nats [3, windows] and the number of events [windows]."""
        rows = self.embedding()
        following = tokens[:, 1:].long()
        hidden = self.hidden(tokens[:, :-1].clamp(min=0), rows)
        sums = []
        for slot, (start, end) in enumerate(BLOCKS):
            wanted = following[:, slot::EVENT_TOKENS]
            inside = (wanted >= start) & (wanted < end)
            logits = F.linear(hidden[:, slot::EVENT_TOKENS], rows[start:end])
            target = torch.where(inside, wanted - start, -100)
            nats = F.cross_entropy(logits.flatten(0, 1).float(), target.flatten(), ignore_index=-100, reduction="none")
            sums.append(nats.view(wanted.shape).sum(dim=1))
        return torch.stack(sums), inside.sum(dim=1)

    def _hide(self, read: Tensor) -> Tensor:
        """Nothing in place of the tokens of some events, whole triplets at a time; never of the flag."""
        events = -(-(read.shape[1] - 1) // EVENT_TOKENS)
        kept = torch.rand(len(read), events, device=read.device) >= self.sizes.token_dropout
        kept = kept.repeat_interleave(EVENT_TOKENS, dim=1)[:, : read.shape[1] - 1]
        return torch.cat([read[:, :1], read[:, 1:] * kept[..., None]], dim=1)


def model_config(sizes: Network) -> ModelConfig:
    """The sizes as a served model has them."""
    return ModelConfig(
        layers=sizes.layers,
        width=sizes.width,
        heads=sizes.heads,
        positions=vocabulary.WINDOW,
        inner=4 * sizes.width,
        scale_attn_by_inverse_layer_idx=True,
        lineups=sizes.lineups,
    )
