// Bars of music as a pattern of events that fill them exactly. It may still be on its way when it is played:
// then it rests whole bars until it is there, and never blocks a clock.
AMTPhrase : Pattern {
	const ticksPerBeat = 480;
	var <amt, <bars, request, wanted, notes, lines, first;

	*new { |amt, bars, request, wanted|
		^super.newCopyArgs(amt, bars, request, wanted).init
	}

	init { request.then { |arrived| this.prRead(arrived) } }

	isPending { ^request.isPending }
	isReady { ^request.isReady }
	isFailed { ^request.isFailed }
	error { ^request.error }

	wait { request.wait }

	onReady { |action, onError|
		request.then({ action.value(this) }, onError !? { { |error| onError.value(error, this) } })
	}

	// Length in beats; as long as it is on its way, the length it is expected to have.
	beats { ^if(lines.notNil) { lines.last } { bars * amt.barBeats } }

	// Where its bars begin, in beats, and where the last one ends.
	barLines { this.prNeed; ^lines }

	// The first bar's number within the session.
	first { this.prNeed; ^first }

	// What arrived: onset and duration in beats from the phrase's start, midinote, velocity, program, bar.
	notes { this.prNeed; ^notes }

	events { this.prNeed; ^this.prEvents.collect { |event| this.prComplete(event, ()) } }

	// The same bars with some of their instruments, or without some; the others rest.
	only { |... names| ^this.wanting(AMTNames.selection(names, true, wanted)) }
	without { |... names| ^this.wanting(AMTNames.selection(names, false, wanted)) }

	wanting { |function, client|
		if(function === wanted and: { client.isNil or: { client === amt } }) { ^this };
		^this.class.new(client ? amt, bars, request, function)
	}

	embedInStream { |inval|
		inval = this.embedPending(inval);
		^if(this.isReady) { this.embedNotes(inval) } { this.class.embedRest(inval, this.beats) }
	}

	embedPending { |inval|
		while { this.isPending } { inval = this.class.embedRest(inval, amt.barBeats) };
		^inval
	}

	// Some of its beats, all at first. The action is called once, early enough to ask for what follows: when all but the
	// last bar is nearly over.
	embedNotes { |inval, atLastBar, from = 0, to|
		var position = from, lastBar = lines[lines.size - 2];
		this.prEvents(from, to).do { |event|
			position = position + event[\dur];
			if(atLastBar.notNil and: { position > lastBar }) { atLastBar.value; atLastBar = nil };
			if(inval.isNil) { ^nil.alwaysYield };
			inval = this.prComplete(event, inval).yield
		};
		^inval
	}

	*embedRest { |inval, length|
		if(inval.isNil) { ^nil.alwaysYield };
		^this.prRest(length, 0, inval).yield
	}

	storeArgs { ^[amt, bars] }

	printOn { |stream|
		stream << "an AMTPhrase(" << bars << " bars, " << request.state << ")"
	}

	prNeed {
		if(this.isFailed) { this.error.throw };
		if(this.isPending) { AMTError("the phrase has not come yet; use onReady, or wait in a fork").throw }
	}

	prRead { |arrived|
		var start = 0;
		first = arrived.first[\index];
		lines = [0];
		notes = arrived.collect { |bar|
			var barStart = start;
			start = start + bar[\ticks];
			lines = lines.add(start / ticksPerBeat);
			bar[\notes].collect { |note|
				(
					onset: barStart + note[0] / ticksPerBeat, duration: note[1] / ticksPerBeat,
					midinote: note[2], velocity: note[3], program: note[4], bar: bar[\index]
				)
			}
		}.flatten.select { |note| wanted.isNil or: { wanted.value(note) } }.sort { |a, b| a[\onset] <= b[\onset] }
	}

	prEvents { |from = 0, to|
		var end = to ? lines.last, inside = notes.select { |note| note[\onset] >= from and: { note[\onset] < end } };
		var onsets = inside.collect { |note| note[\onset] } ++ end;
		var sounding = inside.collect { |note, i| (note: note, dur: onsets[i + 1] - onsets[i]) };
		^if(onsets[0] > from) { [(dur: onsets[0] - from)] ++ sounding } { sounding }
	}

	// Rests carry the same keys as notes, so that a Pkey or a filter meets no nil.
	*prRest { |length, bar, inval|
		^Event.silent(length, inval).putAll((
			midinote: 60, sustain: 0, amp: 0, velocity: 0, program: 0, drum: false, bar: bar
		))
	}

	prComplete { |event, inval|
		var note = event[\note];
		if(note.isNil) { ^this.class.prRest(event[\dur], first, inval) };
		^inval.copy.putAll((
			midinote: note[\midinote],
			dur: event[\dur],
			sustain: note[\duration],
			velocity: note[\velocity],
			amp: (note[\velocity] / 127).squared * AMTSynths.loudest,
			program: note[\program],
			drum: note[\program] == AMTNames.drums,
			bar: note[\bar]
		)).putAll(amt.map.keysFor(note[\program], note[\midinote], note[\velocity]))
	}
}
