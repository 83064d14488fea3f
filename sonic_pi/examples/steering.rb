# Steering: change a line, press Run, and the next bar has changed. No names, or nil for the key, free what was set.
# Start the server first: midinfinite-osc serve

use_bpm 112                           # the tempo follows by itself
amt_connect session: "steering"

amt_instruments :piano, "bass:0.7", :drums, :strings
amt_mute :strings                     # amt_mute alone: nobody pauses
amt_solo                              # amt_solo :bass, :drums: these alone

amt_set key: [:d, :dorian]            # nil: any key
amt_set density: 0.6, swing: 0.3      # more notes than by itself, off-beats a little late
amt_set temperature: 1.0, top_p: 0.98 # how daring
amt_set range: [:bass, 28, 48]        # MIDI notes
amt_set polyphony: [:piano, 4]        # notes at once
amt_set meter: [4, 4], subdivision: 4 # try [3, 4], and 3 for triplets

amt_map bass: [:tb303, {cutoff: 75, amp: 0.5}]  # any synth, sample or :midi
amt_map drums: {amp: 0.8, fx: [:lpf, {cutoff: 110}]}

amt_loop :band do |bar|
  puts "bar #{bar[:n]}: #{bar[:notes].length} notes"
end
