// Stands in for an AMT and its link: its bars come, or fail, when a test says so; what would be posted is kept.
AMTStandIn {
	var <map, <requests, <said, <piece, <bars = 0;

	// Notes of a bar, each as onset and duration in ticks, pitch, velocity, program.
	*bar { |index, notes, ticks = 1920| ^(index: index, ticks: ticks, notes: notes) }

	*phrase { |bars|
		var amt = this.new, phrase = amt.request(bars.size);
		amt.requests.last.resolve(bars);
		^phrase
	}

	*new { ^super.new.init }

	init {
		map = AMTMap.new;
		piece = AMTPiece.new;
		requests = [];
		said = []
	}

	// Another client of the same session.
	*sharing { |amt| ^super.new.init.prShare(amt.piece) }

	prShare { |argPiece| piece = argPiece }

	// A request knows the numbers of the bars that it asks for.
	request { |count|
		requests = requests.add(AMTRequest(this, "", (bars .. bars + count - 1), nil, nil, requests.size));
		bars = bars + count;
		^AMTPhrase(this, count, requests.last)
	}

	barBeats { ^4 }
	hasPrimed { ^false }
	isFreed { ^false }
	link { ^this }
	warn { |text| said = said.add(text) }
	tell { |text| said = said.add(text) }
}

// A MIDIOut without a device, which can be broken.
AMTMidiLog : MIDIOut {
	var <log, changed, <>isBroken = false;

	*new { ^super.newCopyArgs(0, 0).init }

	init {
		log = [];
		changed = CondVar.new
	}

	noteOn { |... args| this.prLog([\noteOn] ++ args) }
	noteOff { |... args| this.prLog([\noteOff] ++ args) }
	program { |... args| this.prLog([\program] ++ args) }

	awaitMessages { |count| changed.wait { log.size >= count } }

	prLog { |message|
		if(isBroken) { ^this.primitiveFailed };
		log = log.add(message);
		changed.signalAll
	}
}
