// What one player of a Pamt plays until the bars come that it waits for: rests at first, later its last bars again.
AMTBridge {
	const kept = 4;
	var amt, recent, waited, repeated, trouble;

	*new { |amt| ^super.newCopyArgs(amt, [], 0, 0) }

	// Bars first … last-1 of a page, of which `phrase` is what this player wants. Those that come after their first beat are
	// joined in the middle of the bar.
	embedPage { |inval, page, phrase, first, last, atLastBar|
		var from = phrase.barLines[first] + (waited % phrase.barLines[1]);
		this.prGoOn;
		recent = (recent ++ (first .. last - 1).collect { |i| [phrase, i] }).keep(max(kept, phrase.bars).neg);
		page.begin(from);
		^phrase.embedNotes(inval, atLastBar, from, phrase.barLines[last])
	}

	// One bar of the last ones, or one beat of silence if there are none.
	embedMeanwhile { |inval|
		var phrase, bar;
		if(recent.isEmpty) { ^this.prEmbedBeat(inval) };
		#phrase, bar = recent.wrapAt(repeated);
		repeated = repeated + 1;
		^phrase.embedNotes(inval, nil, phrase.barLines[bar], phrase.barLines[bar + 1])
	}

	// Says what went wrong, once until the music goes on.
	explain { |error|
		if(trouble.isNil and: { error.code != \cancelled }) {
			trouble = error;
			amt.link.warn(error.what ++ if(recent.isEmpty) { "" } { ". The last bars repeat until music comes" })
		}
	}

	prEmbedBeat { |inval|
		var bar = amt.barBeats, beat = min(1, bar - (waited % bar));
		waited = waited + beat;
		^AMTPhrase.embedRest(inval, beat)
	}

	prGoOn {
		case
		{ trouble.notNil } { amt.link.tell("the music goes on") }
		{ repeated > 0 } {
			amt.link.warn("bars came late, and the last ones were repeated. The server is slower than the music: "
				"name fewer instruments, lower \\density, or see midinfinite-osc bench")
		};
		trouble = nil;
		waited = repeated = 0
	}
}
