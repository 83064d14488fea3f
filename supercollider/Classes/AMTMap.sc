// Which SynthDef plays which General MIDI program and drum key. Change it while the music plays.
AMTMap {
	const <drums = 128;
	classvar families, exceptions, kit;
	var programs, keys;

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
		keys = IdentityDictionary.new
	}

	at { |program|
		program = this.prProgram(program);
		if(program == drums) { ^programs[drums] };
		^programs[program] ?? { exceptions[program] ?? { families[program div: 8] } }
	}

	put { |program, defName| this.prPut(programs, this.prProgram(program), defName) }

	drum { |key| ^keys[key] ?? { programs[drums] ?? { kit[key] ? \amt_rim } } }

	putDrum { |key, defName|
		if(key.isKindOf(Integer).not or: { key.inclusivelyBetween(0, 127).not }) {
			AMTError("a drum is a General MIDI percussion key from 0 to 127, not %".format(key)).throw
		};
		this.prPut(keys, key, defName)
	}

	defFor { |program, key| ^if(program == drums) { this.drum(key) } { this.at(program) } }

	prPut { |dictionary, key, defName|
		if(defName.isNil) { dictionary.removeAt(key) } { dictionary[key] = defName.asSymbol }
	}

	prProgram { |program|
		if(program == \drums) { ^drums };
		if(program.isKindOf(Integer).not or: { program.inclusivelyBetween(0, drums).not }) {
			AMTError("a program is a General MIDI number from 0 to 127, or \\drums, not %".format(program)).throw
		};
		^program
	}
}
