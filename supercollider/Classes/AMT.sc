// A musician's view of the music server: ask for bars, steer, look. Knows no OSC sockets and no synths.
AMT {
	classvar default;
	var <session, <map, <link, <>followClock = true, <>clock;
	var primed, followed, held, lastBarBeats;

	*new { |hostname = "127.0.0.1", port = 57990, session = "supercollider"|
		^super.new.init(AMTLink.at(hostname, port), session)
	}

	*default { ^default ?? { default = this.new } }

	*default_ { |amt| default = amt }

	init { |argLink, argSession|
		link = argLink;
		session = argSession.asString;
		map = AMTMap.new;
		followed = IdentityDictionary.new;
		held = IdentitySet.new;
		link.addUser(this);
		AMTSynths.add;
		this.prFollow
	}

	next { |bars = 4|
		var phrase;
		if(bars.isKindOf(Dictionary)) {
			AMTError("an AMT is no pattern; in a pattern use its .pattern(bars: 4)").throw
		};
		phrase = this.request(bars);
		if(AMTRequest.mayBlock) { phrase.wait };
		^phrase
	}

	request { |bars = 4|
		var phrase = primed;
		this.prCheck;
		if(phrase.notNil and: { phrase.bars == bars } and: { phrase.isFailed.not }) {
			primed = nil;
			^phrase
		};
		if(bars.isNumber.not or: { bars < 1 } or: { bars.frac != 0 }) {
			AMTError("bars is a whole number from 1 up, not %".format(bars)).throw
		};
		this.prFollow;
		phrase = AMTPhrase(this, bars, link.phrase(session, bars.asInteger));
		phrase.onReady({ lastBarBeats = phrase.beats / bars });
		^phrase
	}

	prime { |bars = 4|
		if(primed.isNil or: { primed.isFailed } or: { primed.bars != bars }) {
			primed = nil;
			primed = this.request(bars)
		};
		^primed
	}

	pattern { |bars = 4, repeats = inf| ^Pamt(this, bars, repeats) }

	// The length of a bar that has not come yet, in beats.
	barBeats {
		^lastBarBeats ?? { this.prClock.beatsPerBar }
	}

	set { |key ... values|
		values = values.inject([], { |flat, value|
			flat ++ if(value.isKindOf(Array)) { value } { [value] }
		});
		values.do { |value|
			if(value.isKindOf(SimpleNumber).not and: { value.isString.not } and: { value.isKindOf(Symbol).not }) {
				AMTError("a value of % is a number, a String or a Symbol, not %".format(key, value)).throw
			}
		};
		held.add(key.asSymbol);
		this.prSet(key, *values)
	}

	get { |key, action|
		^this.prAsk(\get, ['/amt/get', key], '/amt/set.reply', key.asSymbol, { |reply| reply[1..].unbubble }, action)
	}

	instruments_ { |names| this.set(\instruments, *this.prNames(names)) }

	mute { |... names| this.set(\mute, *names) }

	unmute { this.set(\mute) }

	solo { |... names| this.set(\solo, *names) }

	reset { |seed, action|
		primed = nil;
		^this.prAsk(\reset, ['/amt/reset'] ++ seed, '/amt/reset.reply', nil, _.first, action)
	}

	ping { |action|
		var start = Main.elapsedTime;
		^this.prAsk(\ping, ['/amt/status'], '/amt/status.reply', nil, { Main.elapsedTime - start }, action)
	}

	status { |action|
		^this.prAsk(\status, ['/amt/status'], '/amt/status.reply', nil, { |reply| Event.newFrom(reply) }, action)
	}

	save { |name, action|
		^this.prAsk(\save, ['/amt/save', name.asString], '/amt/save.reply', nil, _.first, action)
	}

	timeout { ^link.timeout }

	timeout_ { |seconds| link.timeout = seconds }

	free {
		primed = nil;
		if(default === this) { default = nil };
		link.removeUser(this)
	}

	printOn { |stream| stream << this.class.name << "(" << link.where << ", " << session << ")" }

	prCheck {
		if(link.hasUser(this).not) { AMTError("this AMT was freed; make another with AMT.new").throw }
	}

	prClock {
		var current = clock ? thisThread.clock;
		^if(current.isKindOf(TempoClock)) { current } { TempoClock.default }
	}

	// The server only needs to know tempo and meter to compose for them; the clock here places the notes.
	prFollow {
		var current = this.prClock, tempo, meter;
		if(followClock.not) { ^this };
		tempo = current.tempo * 60;
		if(tempo > 0 and: { tempo < inf }) {
			while { tempo < 40 } { tempo = tempo * 2 };
			while { tempo > 240 } { tempo = tempo / 2 };
			this.prFollowKey(\tempo, [tempo.round(0.1)])
		};
		meter = [4, 8, 16].detect { |unit|
			var beats = current.beatsPerBar * unit / 4;
			beats.frac == 0 and: { beats.inclusivelyBetween(1, 16) }
		};
		if(meter.notNil) { this.prFollowKey(\meter, [(current.beatsPerBar * meter / 4).asInteger, meter]) }
	}

	prFollowKey { |key, values|
		if(held.includes(key).not and: { followed[key] != values }) {
			followed[key] = values;
			this.prSet(key, *values).then(nil, { |error|
				// A server that was not there has to be told again.
				if(error.code == \absent or: { error.code == \cancelled }) { followed.removeAt(key) };
				if(error.code != \cancelled and: { error.code != \freed }) { link.warn(error.what) }
			})
		}
	}

	prSet { |key ... values|
		this.prCheck;
		^link.set(session, key.asSymbol, values)
	}

	prNames { |names| ^if(names.isString or: { names.isKindOf(Symbol) }) { [names] } { names.asArray } }

	prCommand { |message, replyPath, replyKey|
		this.prCheck;
		^link.command(session, message, replyPath, replyKey)
	}

	// Inside fork, Routine, Task, Tdef: the answer itself. Elsewhere the answer goes to the action or is posted.
	prAsk { |what, message, replyPath, replyKey, read, action|
		var request = this.prCommand(message, replyPath, replyKey);
		if(AMTRequest.mayBlock) { ^read.value(request.wait) };
		request.then({ |reply|
			if(action.notNil) { action.value(read.value(reply)) } {
				"AMT %: %".format(what, read.value(reply)).postln
			}
		})
	}
}
