// A musician's view of the music server: ask for bars, steer, look. Knows no OSC sockets and no synths.
AMT {
	classvar default;
	var <session, <map, <link, <followClock = true, <clock;
	var primed, watched, isFollowing = false, lastBarBeats;

	*new { |hostname = "127.0.0.1", port = 57990, session = "supercollider"|
		^super.new.init(AMTLink.at(hostname, port), session)
	}

	*maxBars { ^AMTTables.maxBars }

	*default { ^default ?? { default = this.new } }

	*default_ { |amt| default = amt }

	*prCheckBars { |bars|
		if(bars.isNumber.not or: { bars.inclusivelyBetween(1, this.maxBars).not } or: { bars.frac != 0 }) {
			AMTError("bars is a whole number from 1 to %, not %".format(this.maxBars, bars.asCompileString)).throw
		}
	}

	// Starts a music server that ends with sclang, unless one is there; music can be asked for at once.
	*boot { |port = 57990, command, options = "", session = "supercollider", onReady|
		var amt = this.new("127.0.0.1", port, session);
		amt.link.boot(command, options, session, { onReady.value(amt) });
		^amt
	}

	// Ends the server that boot started at this port.
	*quit { |port = 57990| AMTLink.at("127.0.0.1", port).quit }

	init { |argLink, argSession|
		link = argLink;
		session = (argSession ? "supercollider").asString;
		map = AMTMap.new;
		link.addUser(this);
		AMTSynths.add;
		CmdPeriod.add(this);
		this.prFollow
	}

	next { |bars = 4|
		var phrase;
		if(bars.isKindOf(Dictionary)) {
			AMTError("an AMT is no pattern; inside of another one write its .pattern(bars: 4)").throw
		};
		phrase = this.request(bars);
		if(AMTRequest.mayBlock) { phrase.wait };
		^phrase
	}

	request { |bars = 4|
		var phrase = primed;
		this.prCheck;
		if(this.hasPrimed(bars)) {
			primed = nil;
			^phrase
		};
		this.class.prCheckBars(bars);
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

	hasPrimed { |bars| ^primed.notNil and: { primed.bars == bars } and: { primed.isFailed.not } }

	pattern { |bars = 4, repeats = inf| ^Pamt(this, bars, repeats) }

	// Whoever plays the client itself, alone or in a Pdef, means its endless pattern.
	play { |clock, protoEvent, quant| ^this.pattern.play(clock, protoEvent, quant) }

	embedInStream { |inval| ^this.pattern.embedInStream(inval) }

	// What all endless players of the session go through.
	piece { ^link.piece(session) }

	// The length of a bar that has not come yet, in beats.
	barBeats {
		^lastBarBeats ?? { this.prClock.beatsPerBar }
	}

	set { |key ... values|
		values = values.inject([], { |flat, value|
			flat ++ if(value.isKindOf(Array)) { value } { [value] }
		});
		values = AMTKeys.check(key, values);
		this.prSet(key, *values);
		this.prSettings.hold(key.asSymbol)
	}

	get { |key, action|
		AMTKeys.text(key);
		^this.prAsk(\get, ['/amt/get', key], '/amt/set.reply', key.asSymbol, { |reply| reply[1..].unbubble }, action)
	}

	instruments_ { |... names| this.set(\instruments, *this.prNames(names)) }

	mute { |... names| this.set(\mute, *this.prNames(names)) }

	unmute { |... names|
		if(names.notEmpty) { AMTError("unmute takes no names, it unmutes all; mute names all who pause").throw };
		this.set(\mute)
	}

	solo { |... names| this.set(\solo, *this.prNames(names)) }

	reset { |seed, action|
		var values = if(seed.isNil) { [] } { AMTKeys.check(\seed, [seed]) };
		primed = nil;
		this.piece.reset;
		^this.prAsk(\reset, ['/amt/reset'] ++ values, '/amt/reset.reply', nil, _.first, action)
	}

	ping { |action|
		var start = Main.elapsedTime;
		^this.prAsk(\ping, ['/amt/status'], '/amt/status.reply', nil, { Main.elapsedTime - start }, action)
	}

	status { |action|
		^this.prAsk(\status, ['/amt/status'], '/amt/status.reply', nil, { |reply| Event.newFrom(reply) }, action)
	}

	save { |name, action|
		if(name.isString.not and: { name.isKindOf(Symbol).not }) {
			AMTError("save takes a name, as in save(\"tonight\"), not %".format(name), \type).throw
		};
		^this.prAsk(\save, ['/amt/save', name.asString], '/amt/save.reply', nil, _.first, action)
	}

	timeout { ^link.timeout }

	timeout_ { |seconds| link.timeout = seconds }

	followClock_ { |flag|
		if(flag.isKindOf(Boolean).not) { AMTError("followClock is true or false, not %".format(flag.asCompileString)).throw };
		followClock = flag;
		if(flag) { this.prSettings.release };
		this.prFollow
	}

	clock_ { |argClock|
		if(argClock.notNil and: { argClock.isKindOf(TempoClock).not }) {
			AMTError("a clock to follow is a TempoClock or a LinkClock, or nil, not %".format(argClock)).throw
		};
		clock = argClock;
		this.prFollow
	}

	// Called by the clock that is followed: its tempo or meter has changed. Fades of many steps are told once in a while.
	update { |who, what|
		if(#[\tempo, \meter].includes(what) and: { isFollowing.not }) {
			isFollowing = true;
			SystemClock.sched(0.1, { isFollowing = false; if(this.isFreed.not) { this.prFollow(who) }; nil })
		}
	}

	// What was scheduled is gone.
	doOnCmdPeriod { isFollowing = false }

	free {
		primed = nil;
		CmdPeriod.remove(this);
		this.prUnwatch;
		if(default === this) { default = nil };
		link.removeUser(this)
	}

	printOn { |stream| stream << this.class.name << "(" << link.where << ", " << session << ")" }

	isFreed { ^link.hasUser(this).not }

	prCheck {
		if(this.isFreed) { AMTError("this AMT was freed; make another with AMT.new").throw }
	}

	prClock {
		var current = clock ? thisThread.clock;
		^if(current.isKindOf(TempoClock) and: { current.isRunning }) { current } { TempoClock.default }
	}

	// The server only needs to know tempo and meter to compose for them; the clock here places the notes.
	prFollow { |current|
		var tempo, meter;
		current = current ?? { this.prClock };
		if(followClock.not) { ^this.prUnwatch };
		this.prWatch(current);
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

	prWatch { |current|
		if(watched !== current) {
			this.prUnwatch;
			watched = current;
			watched.addDependant(this)
		}
	}

	prUnwatch {
		watched !? { watched.removeDependant(this) };
		watched = nil
	}

	prFollowKey { |key, values|
		var settings = this.prSettings, followed = settings.followed;
		if(settings.held.includes(key).not and: { followed[key] != values }) {
			followed[key] = values;
			this.prSet(key, *values).then(nil, { |error|
				// A server that was not there has to be told again.
				if(error.code == \absent or: { error.code == \cancelled }) { followed.removeAt(key) };
				if(#[\absent, \cancelled, \freed].includes(error.code).not) { link.warn(error.what) }
			})
		}
	}

	prSettings { ^link.settings(session) }

	prSet { |key ... values|
		this.prCheck;
		^link.set(session, key.asSymbol, values)
	}

	// Names one by one or in Arrays, as they come.
	prNames { |names|
		^names.inject([]) { |all, each|
			if(each.isNil) { AMTError("nil names no instrument; without any name, or with [], everybody is meant").throw };
			all ++ if(each.isString) { [each] } { each.asArray }
		}
	}

	prCommand { |message, replyPath, replyKey|
		this.prCheck;
		^link.command(session, message, replyPath, replyKey)
	}

	// Inside fork, Routine, Task, Tdef: the answer itself. Elsewhere the answer goes to the action or is posted.
	prAsk { |what, message, replyPath, replyKey, read, action|
		var answer, request = this.prCommand(message, replyPath, replyKey);
		if(AMTRequest.mayBlock) {
			answer = read.value(request.wait);
			action.value(answer);
			^answer
		};
		request.then({ |reply|
			if(action.notNil) { action.value(read.value(reply)) } {
				"AMT %: %".format(what, read.value(reply)).postln
			}
		})
	}
}
