# The piece that `make examples` records: what a performer types in the course of half a minute.
# The server: midinfinite-osc serve --session-seed 7

use_bpm 116
amt_connect session: "recorded"
amt_set key: [:d, :dorian], density: 0.5
amt_set range: [:lead, 62, 86]
amt_instruments :rhodes, :bass, :drums
amt_map rhodes: [:fm, {divisor: 1, depth: 1, release: 0.4, amp: 0.35, pan: -0.2, fx: [:echo, {phase: 0.75, mix: 0.15}]}],
        bass: [:fm, {divisor: 1, depth: 0.6, release: 0.1, amp: 0.9}],
        lead: [:dsaw, {cutoff: 95, release: 0.15, amp: 0.2, pan: 0.25, fx: [:reverb, {mix: 0.5, room: 0.8}]}],
        drums: {amp: 0.8}

# The band is heard from bar 2 on, when it has been composed ahead.
phrase = amt_next bars: 2
amt_play phrase, only: :drums, fx: [:lpf, {cutoff: 90}]
amt_play amt_next(bars: 2), only: [:bass, :drums]
amt_instruments :rhodes, :bass, :drums, :lead   # heard from the next bar that has not been asked for
amt_play amt_next(bars: 4)
amt_set density: 0.65
amt_solo :rhodes, :lead                         # a breath without bass and drums
amt_play amt_next(bars: 1), amp: 0.9
amt_solo
amt_play amt_next(bars: 4)
amt_play amt_next(bars: 1), only: [:rhodes, :bass], amp: 0.7, fx: [:reverb, {mix: 0.6, room: 0.9}]
