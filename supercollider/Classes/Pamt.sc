// Endless music: plays phrase after phrase, asking for each while the one before still sounds. All players of a session play
// the same bars. When bars are late the last ones repeat, so that the music goes on; what went wrong is said once.
Pamt : Pattern {
	var <amt, <bars, <>repeats, wanted;

	*new { |amt, bars = 4, repeats = inf|
		AMT.prCheckBars(bars);
		if(amt.notNil and: { amt.respondsTo(\piece).not }) {
			AMTError("a Pamt plays an AMT, as in Pamt(~amt, bars: 4), not %".format(amt.asCompileString)).throw
		};
		if(repeats.isNumber.not and: { repeats.isKindOf(Function).not }) {
			AMTError("repeats is a number, inf for ever, not %".format(repeats.asCompileString)).throw
		};
		^super.newCopyArgs(amt ?? { AMT.default }, bars, repeats).prime
	}

	// Asks for the first bar now, since players start patterns too late for it; the rest of its phrase follows when it plays.
	prime { amt.piece.prime(amt, bars) }

	// The same music with some of its instruments, or without some; the others rest.
	only { |... names| ^this.copy.prSetWanted(AMTNames.selection(names, true, wanted)) }
	without { |... names| ^this.copy.prSetWanted(AMTNames.selection(names, false, wanted)) }

	embedInStream { |inval|
		var left = repeats.value(inval) * bars, played = 0, bridge = AMTBridge(amt), page, from, to, wait;
		if(left < 1 or: { this.prEnds }) { ^inval };
		page = amt.piece.join(amt, bars);
		from = page.place;
		wait = amt.piece.until(page);
		// what rounds to the bar line lies on it
		if(wait > 1e-6) { inval = AMTPhrase.embedRest(inval, wait) };
		while { left > 0 and: { this.prEnds.not } } {
			while { page.phrase.isReady.not } {
				if(this.prEnds) { ^inval };
				if(page.phrase.isFailed) {
					bridge.explain(page.phrase.error);
					page = this.prAfter(page, played)
				};
				inval = bridge.embedMeanwhile(inval)
			};
			to = min(page.bars, from + left).asInteger;
			played = played + to - from;
			left = left - (to - from);
			inval = bridge.embedPage(inval, page, page.phrase.wanting(wanted, amt), from, to, {
				if(left > 0 and: { amt.isFreed.not }) { page = this.prAfter(page, played) }
			});
			from = 0
		};
		^inval
	}

	storeArgs { ^[amt, bars, repeats] }

	// Nothing can be asked of a client that was freed.
	prEnds {
		if(amt.isFreed) { amt.link.tell("a client was freed, and what it played ends; make another with AMT.new") };
		^amt.isFreed
	}

	prSetWanted { |function| wanted = function }

	// Up to where a phrase ends.
	prAfter { |page, played|
		^amt.piece.after(page, amt, if(played == 0) { 1 } { bars - (played % bars) })
	}
}
