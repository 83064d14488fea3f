// Endless music: plays phrase after phrase, asking for each while the one before still sounds. When bars are late the last
// ones repeat, so that the music goes on; what went wrong is said once.
Pamt : Pattern {
	var <amt, <bars, <>repeats, wanted, primed;

	*new { |amt, bars = 4, repeats = inf|
		^super.newCopyArgs(amt ?? { AMT.default }, bars, repeats).prime
	}

	// Asks for the first bar now, since players start patterns too late for it; the rest of its phrase follows when it plays.
	prime {
		if(primed.isNil or: { primed.isFailed }) { primed = amt.request(if(amt.hasPrimed(bars)) { bars } { 1 }) }
	}

	// The same music with some of its instruments, or without some; the others rest.
	only { |... names| ^this.copy.prSetWanted(AMTNames.selection(names, true, wanted)) }
	without { |... names| ^this.copy.prSetWanted(AMTNames.selection(names, false, wanted)) }

	embedInStream { |inval|
		var left = repeats.value(inval) * bars, played = 0, bridge = AMTBridge(amt), phrase;
		if(left < 1) { ^inval };
		this.prime;
		phrase = primed;
		while { left > 0 } {
			while { phrase.isReady.not } {
				if(phrase.isFailed) {
					bridge.explain(phrase.error);
					phrase = this.prRequest(played)
				};
				inval = bridge.embedMeanwhile(inval)
			};
			// What is asked for ahead stays primed until it plays: for whoever stops this player and starts another.
			if(primed === phrase) { primed = nil };
			played = played + phrase.bars;
			left = left - phrase.bars;
			inval = bridge.embedPhrase(inval, phrase.wanting(wanted), {
				if(left > 0) { primed = phrase = this.prRequest(played) }
			})
		};
		^inval
	}

	storeArgs { ^[amt, bars, repeats] }

	prSetWanted { |function| wanted = function }

	// Up to where a phrase ends; with an action for errors, since the bridge says what became of it.
	prRequest { |played|
		var phrase = amt.request(if(played == 0) { 1 } { bars - (played % bars) });
		phrase.onReady({ }, { });
		^phrase
	}
}
