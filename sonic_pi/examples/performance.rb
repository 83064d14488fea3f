# A whole short performance: 24 bars that build up, break down and end, steered by a thread that counts bars.
# Start the server first: midinfinite-osc serve

use_bpm 104
amt_connect session: "performance"
amt_set key: [:e, :minor], density: 0.35, meter: [4, 4]
amt_instruments :piano

bar = 4   # beats

in_thread do
  sleep 4 * bar
  amt_instruments :piano, :bass         # the bass comes in
  amt_set density: 0.45
  sleep 4 * bar
  amt_instruments :piano, :bass, :drums # then the drums
  amt_set density: 0.6
  sleep 6 * bar
  amt_solo :piano                       # all but the piano stop
  sleep 2 * bar
  amt_solo                              # and all are back, with strings
  amt_instruments :piano, :bass, :drums, :strings
  amt_set density: 0.75, temperature: 1.1
  sleep 6 * bar
  amt_instruments :strings              # the end
  amt_set density: 0.2
end

with_fx :reverb, mix: 0.35, room: 0.8 do
  22.times do |number|
    amt_play amt_next, amp: 0.9, map: {strings: [:hollow, {attack: 0.2, amp: 1.5}], piano: {pan: -0.2}}
  end
  2.times { |number| amt_play amt_next, only: :strings, amp: 0.6 - 0.3 * number }
end
amt_save "performance"
