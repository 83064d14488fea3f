// Bars of music as a pattern of events that fill them exactly. It may still be on its way when it is played:
// then it rests whole bars until it is there, and never blocks a clock.
AMTPhrase : Pattern {
	const ticksPerBeat = 480;
	var <amt, <bars, request, notes, beats, first;

	*new { |amt, bars, request|
		^super.newCopyArgs(amt, bars, request).init
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
	beats { ^beats ?? { bars * amt.barBeats } }

	// The first bar's number within the session.
	first { this.prNeed; ^first }

	// What arrived: onset and duration in beats from the phrase's start, midinote, velocity, program, bar.
	notes { this.prNeed; ^notes }

	events { this.prNeed; ^this.prEvents.collect { |event| this.prComplete(event, ()) } }

	embedInStream { |inval|
		inval = this.embedPending(inval);
		^if(this.isReady) { this.embedNotes(inval) } { this.embedRest(inval, this.beats) }
	}

	embedPending { |inval|
		while { this.isPending } { inval = this.embedRest(inval, amt.barBeats) };
		^inval
	}

	// The action is called once, early enough to ask for what follows: when all but the last bar is nearly over.
	embedNotes { |inval, atLastBar|
		var position = 0, lastBar = beats - (beats / bars);
		this.prEvents.do { |event|
			position = position + event[\dur];
			if(atLastBar.notNil and: { position > lastBar }) { atLastBar.value; atLastBar = nil };
			if(inval.isNil) { ^nil.alwaysYield };
			inval = this.prComplete(event, inval).yield
		};
		^inval
	}

	embedRest { |inval, length|
		if(inval.isNil) { ^nil.alwaysYield };
		^this.prComplete((dur: length), inval).yield
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
		notes = arrived.collect { |bar|
			var barStart = start;
			start = start + bar[\ticks];
			bar[\notes].collect { |note|
				(
					onset: barStart + note[0] / ticksPerBeat, duration: note[1] / ticksPerBeat,
					midinote: note[2], velocity: note[3], program: note[4], bar: bar[\index]
				)
			}
		}.flatten.sort { |a, b| a[\onset] < b[\onset] };
		beats = start / ticksPerBeat
	}

	prEvents {
		var onsets = notes.collect { |note| note[\onset] } ++ beats;
		var sounding = notes.collect { |note, i| (note: note, dur: onsets[i + 1] - onsets[i]) };
		^if(onsets[0] > 0) { [(dur: onsets[0])] ++ sounding } { sounding }
	}

	// Rests carry the same keys as notes, so that a Pkey or a filter meets no nil.
	prComplete { |event, inval|
		var note = event[\note];
		if(note.isNil) {
			^Event.silent(event[\dur], inval).putAll((
				midinote: 60, sustain: 0, amp: 0, velocity: 0, program: 0, drum: false, bar: first ? 0
			))
		};
		^inval.copy.putAll((
			midinote: note[\midinote],
			dur: event[\dur],
			sustain: note[\duration],
			velocity: note[\velocity],
			amp: (note[\velocity] / 127).squared * AMTSynths.loudest,
			program: note[\program],
			drum: note[\program] == AMTMap.drums,
			bar: note[\bar],
			instrument: amt.map.defFor(note[\program], note[\midinote])
		))
	}
}
