// What endless players of a session have asked for: each goes through it at its own place, so that all play all bars.
AMTPiece {
	const kept = 64;
	var pages, count = 0;

	*new { ^super.newCopyArgs([]) }

	// Sees to it that there is something ahead of all players.
	prime { |amt, bars|
		if(this.prFresh.isNil) { this.prAsk(amt, if(amt.hasPrimed(bars)) { bars } { 1 }) }
	}

	// Where a new player begins: where the others are if they stand at a bar line, else at the next one.
	join { |amt, bars|
		var playing = pages.reverse.detect(_.hasBegun);
		if(playing.notNil and: { playing.place < playing.bars }) { ^playing };
		this.prime(amt, bars);
		^this.prFresh
	}

	// Beats until the bar line at which a player that joins there begins.
	until { |page|
		var playing = pages.reverse.detect(_.hasBegun);
		^case
		{ page.hasBegun } { page.until(page.place) }
		{ playing.notNil } { playing.until(playing.bars) }
		{ 0 }
	}

	// What follows a page; asked for unless another player has done so.
	after { |page, amt, bars|
		^this.prPages.detect { |other| other.number > page.number } ?? { this.prAsk(amt, bars) }
	}

	// The session's piece begins anew: players go on to what is asked for from now on.
	reset { pages = [] }

	prFresh { ^this.prPages.detect { |page| page.hasBegun.not } }

	prPages { ^pages = pages.reject { |page| page.phrase.isFailed } }

	prAsk { |amt, bars|
		var page;
		count = count + 1;
		page = AMTPage(count, amt.request(bars));
		// The player that waits for it says what became of it.
		page.phrase.onReady({ }, { });
		pages = pages.add(page).keep(kept.neg);
		^page
	}
}
