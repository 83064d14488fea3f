# First light: a band of three, steered while it plays. Start the server first: midinfinite-osc serve
# Change the path to where your copy lies, press Run, change a line, press Run again.

eval_file "~/midinfinite-osc/sonic_pi/amt.rb"

use_bpm 100
amt_connect
amt_instruments :rhodes, :upright_bass, :drums   # heard from the next bar: try :piano, :strings, :kick
amt_set key: [:d, :dorian], temperature: 1.0     # nil frees the key again

with_fx :reverb, mix: 0.3 do
  amt_loop :band, amp: 0.8
end

# A loop of your own, in step with the band.
live_loop :shaker, sync: :band do
  sample :drum_cymbal_closed, rate: 2, amp: 0.2
  sleep 0.5
end
