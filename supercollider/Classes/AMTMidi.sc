// Plays General MIDI instruments on one MIDIOut: drums on channel 10, each program on a channel of its own as long as there
// are enough; then the one that was heard longest ago changes its program.
AMTMidi {
	const drumChannel = 9;
	var <out, channels;

	*new { |out| ^super.newCopyArgs(out, List.new) }

	// The channel of a program, which it is set to when it is new there.
	channel { |program|
		var place, channel;
		if(program == AMTNames.drums) { ^drumChannel };
		place = channels.detectIndex { |pair| pair.key == program };
		if(place.notNil) {
			channels.add(channels.removeAt(place));
			^channels.last.value
		};
		channel = if(channels.size < 15) { (0 .. 15).reject { |each| each == drumChannel }[channels.size] } {
			channels.removeAt(0).value
		};
		channels.add(program -> channel);
		out.program(channel, program);
		^channel
	}

	keysFor { |program, velocity|
		// Event takes amp * 127 and cuts the fraction off.
		^(type: \midi, midicmd: \noteOn, midiout: out, chan: this.channel(program), amp: velocity + 0.5 / 127)
	}
}
