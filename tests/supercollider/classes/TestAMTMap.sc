// What plays which instrument, and MIDI. Needs no server.
TestAMTMap : UnitTest {
	var map;

	setUp { map = AMTMap.new }

	test_everyProgramHasASynthDef {
		var names = AMTSynths.names.asSet;
		this.assert((0 .. 127).every { |program| names.includes(map[program]) }, "each program");
		this.assert((0 .. 127).every { |key| names.includes(map.drum(key)) }, "each drum key")
	}

	test_own {
		map[33] = \myBass;
		this.assertEquals(map.keysFor(33, 40, 100), (instrument: \myBass), "a SynthDef");
		map[33] = nil;
		this.assertEquals(map[33], \amt_bass, "as at first");
		map[\strings] = \mine;
		this.assertEquals([40, 47, 48].collect { |program| map[program] }, [\mine, \mine, \amt_strings], "a family");
		map[\kick] = \myKick;
		this.assertEquals([35, 36, 38].collect { |key| map.drum(key) }, [\myKick, \myKick, \amt_snare], "a piece of the kit");
		map[\drums] = \sampler;
		this.assertEquals([36, 38].collect { |key| map.keysFor(128, key, 100)[\instrument] }, [\myKick, \sampler], "the kit");
		map[\bass] = (instrument: \deep, out: 4);
		this.assertEquals(map.keysFor(33, 40, 100)[\out], 4, "keys of an event");
		this.assertException({ map[\bas5] = \x }, AMTError, "a name that is none");
		this.assertException({ map[33] = 5 }, AMTError, "a player that is none")
	}

	test_midi {
		var out = AMTMidiLog.new, keys;
		map.midiOut = out;
		keys = map.keysFor(33, 40, 100);
		this.assertEquals([keys[\type], keys[\chan]], [\midi, 0], "the first instrument has channel 1");
		this.assertEquals(map.keysFor(128, 36, 100)[\chan], 9, "drums have channel 10");
		this.assertEquals(map.keysFor(0, 60, 100)[\chan], 1, "the next one channel 2");
		this.assertEquals(map.keysFor(33, 41, 100)[\chan], 0, "each keeps its own");
		this.assertEquals(out.log, [[\program, 0, 33], [\program, 1, 0]], "each program is chosen once");
		(1 .. 13).do { |program| map.keysFor(program, 60, 100) };
		this.assertEquals(map.keysFor(14, 60, 100)[\chan], 1, "the sixteenth takes over the channel that was quiet longest");
		this.assertEquals(map.keysFor(33, 40, 100)[\chan], 0, "not another one");
		map.midiOut = nil;
		this.assertEquals(map.keysFor(33, 40, 100)[\instrument], \amt_bass, "back to the synths");
		this.assertException({ map.midiOut = 3 }, AMTError, "what is no MIDIOut")
	}

	test_midiNotesAsPlayed {
		var out = AMTMidiLog.new, phrase;
		phrase = AMTStandIn.phrase([AMTStandIn.bar(0, [[0, 24, 40, 100, 33], [24, 24, 36, 127, 128]], 48)]);
		phrase.amt.map.midiOut = out;
		phrase.play(TempoClock.default, quant: 0);
		out.awaitMessages(5);
		this.assertEquals(
			out.log.reject { |message| message[0] == \noteOff },
			[[\program, 0, 33], [\noteOn, 0, 40, 100], [\noteOn, 9, 36, 127]],
			"channel, pitch, velocity"
		);
		this.assertEquals(
			out.log.select { |message| message[0] == \noteOff }.collect { |message| message[..2] },
			[[\noteOff, 0, 40], [\noteOff, 9, 36]], "each note ends"
		)
	}

	test_midiThatComesLater {
		var out = AMTMidiLog.new;
		map.midiOut = out;
		out.isBroken = true;
		map.keysFor(33, 40, 100)[\midiout].noteOn(0, 40, 100);
		out.isBroken = false;
		map.keysFor(33, 40, 100)[\midiout].noteOn(0, 40, 100);
		this.assertEquals(out.log, [[\program, 0, 33], [\noteOn, 0, 40, 100]], "the program is chosen once it can be");
		this.assertException({ map.keysFor(33, 40, 100)[\midiout].noteOm(0) }, DoesNotUnderstandError, "what no MIDIOut does")
	}

	test_names {
		this.assertEquals(AMTNames.find("Closed Hi-Hat").keys, [42], "as General MIDI spells it");
		this.assertEquals(AMTNames.find(\electricBassFinger).programs, [33], "as sclang spells it");
		this.assertEquals(AMTNames.find("bass:0.5").programs, [33], "with a weight");
		this.assertEquals(AMTNames.find(17).programs, [17], "a number");
		this.assertException({ AMTNames.find(129) }, AMTError, "a number that is none")
	}
}
