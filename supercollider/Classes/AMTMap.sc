// What plays which General MIDI program and drum key: a SynthDef, any keys of events, or a MIDIOut.
// Change it while the music plays.
AMTMap {
	classvar families, exceptions, kit;
	var programs, keys, midi, midiPlayers;

	*initClass {
		families = [
			\amt_keys, \amt_bell, \amt_organ, \amt_pluck, \amt_bass, \amt_strings, \amt_strings, \amt_brass,
			\amt_reed, \amt_flute, \amt_lead, \amt_pad, \amt_pad, \amt_pluck, \amt_bell, \amt_pad
		];
		exceptions = IdentityDictionary[
			6 -> \amt_pluck, 7 -> \amt_pluck, 45 -> \amt_pluck, 46 -> \amt_pluck, 47 -> \amt_tom,
			52 -> \amt_pad, 53 -> \amt_pad, 54 -> \amt_pad, 55 -> \amt_brass,
			115 -> \amt_rim, 116 -> \amt_tom, 117 -> \amt_tom, 118 -> \amt_tom, 119 -> \amt_crash
		];
		kit = IdentityDictionary.new;
		[
			\amt_kick -> [35, 36], \amt_snare -> [38, 40], \amt_clap -> [39],
			\amt_rim -> [31, 33, 37, 60, 61, 62, 63, 64, 65, 66, 75, 76, 77],
			\amt_hat -> [42, 44, 54, 69, 70, 80, 82], \amt_openhat -> [46, 81],
			\amt_tom -> [41, 43, 45, 47, 48, 50], \amt_ride -> [51, 53, 59],
			\amt_crash -> [49, 52, 55, 57], \amt_cowbell -> [34, 56, 67, 68]
		].do { |pair| pair.value.do { |key| kit[key] = pair.key } }
	}

	*new { ^super.new.init }

	init {
		programs = IdentityDictionary.new;
		keys = IdentityDictionary.new;
		midiPlayers = IdentityDictionary.new
	}

	// Of a program, "drums", a name ("bass", "strings": of the first program of it) or a piece of the kit.
	at { |instrument|
		var choice = AMTNames.find(instrument), program = choice.programs.first;
		if(choice.keys.notNil) { ^this.drum(choice.keys.first) };
		if(program == AMTNames.drums) { ^programs[program] };
		^programs[program] ?? { exceptions[program] ?? { families[program div: 8] } }
	}

	// For all programs, or all drum keys, that the name stands for.
	put { |instrument, player|
		var choice = AMTNames.find(instrument);
		if(choice.keys.notNil) { choice.keys.do { |key| this.putDrum(key, player) } } {
			choice.programs.do { |program| this.prPut(programs, program, player) }
		}
	}

	drum { |key| ^keys[key] ?? { programs[AMTNames.drums] ?? { kit[key] ? \amt_rim } } }

	putDrum { |key, player|
		if(key.isKindOf(Integer).not or: { key.inclusivelyBetween(0, 127).not }) {
			AMTError("a drum is a General MIDI percussion key from 0 to 127, not %".format(key)).throw
		};
		this.prPut(keys, key, player)
	}

	// Everything without a player of its own goes there; nil: to the synths.
	midiOut { ^midi }
	midiOut_ { |out|
		if(out.notNil and: { out.isKindOf(MIDIOut).not }) {
			AMTError("midiOut is a MIDIOut, as in MIDIOut(0) after MIDIClient.init, or nil, not %".format(out)).throw
		};
		midi = out
	}

	// What plays a note.
	playerFor { |program, key|
		var own = if(program == AMTNames.drums) { keys[key] ?? { programs[program] } } { programs[program] };
		^own ?? { midi ?? { if(program == AMTNames.drums) { this.drum(key) } { this.at(program) } } }
	}

	// What an event needs to be played by it.
	keysFor { |program, key, velocity|
		var player = this.playerFor(program, key);
		^case
		{ player.isKindOf(MIDIOut) } { this.prMidi(player).keysFor(program, velocity) }
		{ player.isKindOf(Dictionary) } { player }
		{ (instrument: player) }
	}

	prMidi { |out|
		if(midiPlayers[out].isNil) { midiPlayers[out] = AMTMidi(out) };
		^midiPlayers[out]
	}

	prPut { |dictionary, key, player|
		case
		{ player.isNil } { dictionary.removeAt(key) }
		{ player.isKindOf(Symbol) or: { player.isString } } { dictionary[key] = player.asSymbol }
		{ player.isKindOf(Dictionary) or: { player.isKindOf(MIDIOut) } } { dictionary[key] = player }
		{
			AMTError("an instrument is played by a SynthDef's name, an Event of keys, a MIDIOut, or nil as at first; not by %"
				.format(player)).throw
		}
	}
}
