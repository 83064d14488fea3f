# First sounds: a band of three. Start the server first: midinfinite-osc serve
# Where `midinfinite-osc clients install sonic-pi` was not run, begin with: eval_file "/path/to/sonic_pi/amt.rb"

use_bpm 100
amt_connect
amt_instruments :rhodes, :upright_bass, :drums   # try :piano, :strings, :kick, and press Run: heard from the next bar

with_fx :reverb, mix: 0.3 do
  amt_loop :band, amp: 0.8
end
