# Drums only: the model as a drummer, on a kit of your own samples.
# Start the server first: midinfinite-osc serve

use_bpm 126
amt_connect session: "drummer"
amt_instruments :drums
amt_set density: 0.65, subdivision: 4, swing: 0.2, humanize: 0.2

amt_map kick: [:bd_tek, {amp: 1.5}], snare: :sn_generic, closed_hihat: [:drum_cymbal_closed, {rate: 1.2, amp: 0.7}]
amt_map tom: {fx: [:reverb, {room: 0.8}]}

amt_loop :kit

# Every fourth bar another sound of the same bar.
live_loop :again, sync: :kit do
  bar = amt_next name: :kit_again
  one_in(4) ? amt_play(bar, only: :snare, rate: -1, amp: 0.5, fx: :bitcrusher) : amt_play(bar, only: :ride)
end
