// Endless music: plays phrase after phrase, asking for each while the one before still sounds.
Pamt : Pattern {
	var <amt, <bars, <>repeats, primed;

	*new { |amt, bars = 4, repeats = inf|
		^super.newCopyArgs(amt ?? { AMT.default }, bars, repeats).prime
	}

	// Asks for the first phrase now, since players start patterns too late for a first bar.
	prime {
		if(primed.isNil or: { primed.isFailed }) { primed = amt.request(bars) }
	}

	embedInStream { |inval|
		var phrase, following, left = repeats.value(inval);
		if(left < 1) { ^inval };
		this.prime;
		phrase = primed;
		primed = nil;
		while { left > 0 } {
			following = nil;
			inval = phrase.embedPending(inval);
			if(phrase.isReady) {
				left = left - 1;
				inval = phrase.embedNotes(inval, { if(left > 0) { following = amt.request(bars) } })
			} {
				following = amt.request(bars);
				inval = phrase.embedRest(inval, amt.barBeats)
			};
			phrase = following
		};
		^inval
	}

	storeArgs { ^[amt, bars, repeats] }
}
