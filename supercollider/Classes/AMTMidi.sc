// Plays General MIDI instruments on one MIDIOut: drums on channel 10, each program on a channel of its own as long as there
// are enough; then the one that was heard longest ago changes its program. Events send through it: a MIDIOut that nothing can
// be sent to costs one line, and not the pattern that plays.
AMTMidi {
	const drumChannel = 9;
	var <out, channels, hasWarned;

	*new { |out| ^super.newCopyArgs(out, List.new, false) }

	uid { ^out.uid }

	// noteOn, noteOff, and whatever else an event asks of its MIDIOut.
	doesNotUnderstand { |selector ... arguments| this.prSend(selector, arguments) }

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
			channels.first.value
		};
		if(this.prSend(\program, [channel, program])) { channels.add(program -> channel) };
		if(channels.size > 15) { channels.removeAt(0) };
		^channel
	}

	keysFor { |program, velocity|
		// Event takes amp * 127 and cuts the fraction off.
		^(type: \midi, midicmd: \noteOn, midiout: this, chan: this.channel(program), amp: velocity + 0.5 / 127)
	}

	// Whether it was sent.
	prSend { |selector, arguments|
		^try {
			out.performList(selector, arguments);
			true
		} { |error|
			if(error.isKindOf(PrimitiveFailedError).not) { error.throw };
			if(hasWarned.not) {
				hasWarned = true;
				"AMT: nothing can be sent to the MIDIOut at port %: evaluate MIDIClient.init, and see in what it posts whether there "
				"is such a port. What plays there is silent until then, and goes on".format(out.port).warn
			};
			false
		}
	}
}
