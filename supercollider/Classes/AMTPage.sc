// Some bars of a piece, and when the first player that came to them began.
AMTPage {
	const tolerance = 0.01;
	var <number, <phrase, clock, start;

	*new { |number, phrase| ^super.newCopyArgs(number, phrase) }

	bars { ^phrase.bars }

	hasBegun { ^start.notNil }

	// A player plays from so many beats after its first bar line on, now.
	begin { |from|
		if(start.isNil) {
			clock = thisThread.clock;
			start = thisThread.beats - from
		}
	}

	// The number, within the page, of the next bar line that its first player comes to; beyond its bars if there is none.
	place {
		var beat;
		if(start.isNil) { ^0 };
		if(clock.isKindOf(TempoClock) and: { clock.isRunning.not }) { ^this.bars };
		beat = clock.secs2beats(thisThread.seconds) - start;
		^phrase.barLines.detectIndex { |line| line >= (beat - tolerance) } ? this.bars
	}

	// Beats of this thread's clock until its first player comes to that bar line.
	until { |place|
		var seconds;
		if(start.isNil or: { clock.isKindOf(TempoClock) and: { clock.isRunning.not } }) { ^0 };
		seconds = clock.beats2secs(start + phrase.barLines[place]) - thisThread.seconds;
		^if(thisThread.clock.isKindOf(TempoClock)) { seconds * thisThread.clock.tempo } { seconds }
	}
}
