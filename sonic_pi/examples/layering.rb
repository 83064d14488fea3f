# Layering: the band's instruments in loops of their own, and your loops beside them, all in step.
# Start the server first: midinfinite-osc serve

use_bpm 96
amt_connect session: "layers"
amt_instruments :piano, :bass, :drums
amt_set key: [:a, :minor]

# One piece, three streams: each has its own place in it, and here its own sound.
amt_loop :beat, only: :drums
amt_loop :low, only: :bass, sync: :beat, map: {bass: :tb303}, cutoff: 70
amt_loop :chords, only: :piano, sync: :beat, fx: [[:echo, {phase: 0.75, mix: 0.3}], :reverb] do |bar|
  bar.merge(notes: bar[:notes].map { |note| note.merge(note: note[:note] + 12) })   # an octave up
end

# Yours: begins with a bar of the band.
live_loop :shaker, sync: :beat do
  8.times do
    sample :drum_cymbal_closed, rate: 2, amp: 0.2
    sleep 0.5
  end
end

live_loop :drone, sync: :beat do
  synth :hollow, note: :a2, sustain: 7, release: 1, amp: 0.4
  sleep 8
end
