// The wire to one server, shared by all clients of it: sends requests in order, repeats them until they are
// answered (UDP loses packets), gathers bars, notices an absent server. Knows the protocol, nothing of music.
AMTLink {
	const <protocol = 1, repeatInterval = 0.5, warnInterval = 10, sameTime = 0.5, patience = 10;
	classvar links, lastID;
	var <address, <timeout = 3, <serverName, <model, <process;
	var users, commands, phrases, bars, pieces, settings, joined, greeted, lost, isPreparing = false, isThere = false, cursor = 0, responders, ticking = false, lastHeard = 0, lastTick = 0, warnings;

	*at { |hostname, port|
		var address = this.prAddress(hostname, port), key = (address.ip ++ ":" ++ port).asSymbol;
		links = links ?? { IdentityDictionary.new };
		if(links[key].isNil) { links[key] = super.new.init(address) };
		^links[key]
	}

	*prAddress { |hostname, port|
		if(port.isKindOf(Integer).not or: { port.inclusivelyBetween(1, 65535).not }) {
			AMTError("a port is a whole number from 1 to 65535, as in AMT(port: 57990), not %".format(port.asCompileString)).throw
		};
		if(hostname.isString.not) {
			AMTError("a hostname is a String, as in AMT(\"127.0.0.1\", port: %), not %".format(port, hostname.asCompileString)).throw
		};
		^try { NetAddr(hostname, port) } {
			AMTError("there is no computer named %; the music server of this one is at 127.0.0.1".format(hostname)).throw
		}
	}

	*nextID { ^lastID = (lastID ? 0) + 1 }

	init { |argAddress|
		address = argAddress;
		users = Set.new;
		commands = List.new;
		phrases = List.new;
		bars = AMTBars.new;
		pieces = Dictionary.new;
		settings = Dictionary.new;
		lost = Set.new;
		warnings = Dictionary.new
	}

	addUser { |user|
		users.add(user);
		if(responders.isNil) { this.prOpen }
	}

	removeUser { |user|
		users.remove(user);
		if(users.isEmpty) { this.prClose }
	}

	hasUser { |user| ^users.includes(user) }

	// A command has no id of its own on the wire: its reply is known by path (and key), so one is under way at a time.
	command { |session, message, replyPath, replyKey|
		^this.prAdd(commands, AMTRequest(this, session, message, replyPath, replyKey, this.class.nextID))
	}

	set { |session, key, values|
		^this.command(session, ['/amt/set', key] ++ values, '/amt/set.reply', key).then { this.settings(session).put(key, values) }
	}

	// Bars for a phrase; asked only after the commands that were given before it.
	phrase { |session, count|
		var id = this.class.nextID;
		^this.prAdd(phrases, AMTRequest(this, session, ['/amt/next', id, count], '/amt/next.reply', id, id))
	}

	piece { |session|
		if(pieces[session].isNil) { pieces[session] = AMTPiece.new };
		^pieces[session]
	}

	settings { |session|
		if(settings[session].isNil) { settings[session] = AMTSettings.new };
		^settings[session]
	}

	isBusy { ^commands.notEmpty or: { phrases.notEmpty } }

	where { ^"%:%".format(address.ip, address.port) }

	timeout_ { |seconds|
		if(seconds.isNumber.not or: { seconds.inclusivelyBetween(0.1, 600).not }) {
			AMTError("a timeout is 0.1 to 600 seconds, not %".format(seconds)).throw
		};
		timeout = seconds
	}

	warn { |text| this.prSayOnce(text, warnInterval) { |said| said.warn } }

	tell { |text| this.prSayOnce(text, warnInterval) { |said| said.postln } }

	// What was asked for by hand is answered each time.
	refuse { |text| this.prSayOnce(text, sameTime) { |said| said.warn } }

	// The same text at most once in a while, however many clients and players say it.
	prSayOnce { |text, interval, action|
		var now = Main.elapsedTime, last = warnings[text];
		if(last.isNil or: { now - last > interval }) {
			warnings = warnings.select { |time| now - time <= warnInterval }.put(text, now);
			action.value("AMT: " ++ text)
		}
	}

	// What is asked of a server that is starting waits until it is there. One that is there already is used as it is.
	boot { |command, options = "", session, onReady|
		var path = AMTProcess.find(command), started = false;
		if(process.notNil and: { process.isQuitting }) {
			SystemClock.sched(this.prInterval, { this.boot(command, options, session, onReady); nil });
			^this
		};
		this.prIfNobody {
			started = true;
			process = AMTProcess(path, this, options, { process = nil })
		};
		this.command(session, ['/amt/status'], '/amt/status.reply').then {
			if(started) { this.tell("the music server is ready at " ++ this.where) } { this.prUsed(options) };
			onReady.value
		}
	}

	quit { process !? { process.quit } }

	// It will not come: whoever waits is told, or everybody if nobody does.
	fail { |error|
		if(this.isBusy.not) { this.warn(error.what) };
		this.prFail(commands ++ phrases, error)
	}

	doOnCmdPeriod {
		var cancelled = commands ++ phrases;
		ticking = false;
		joined = nil;
		cancelled.do { |request| this.prKeep(request) };
		commands.clear;
		phrases.clear;
		bars.clear;
		cancelled.do(_.cancel)
	}

	prOpen {
		responders = ['/amt/hello.reply', '/amt/set.reply', '/amt/status.reply', '/amt/save.reply', '/amt/reset.reply']
		.collect { |path| path -> { |message| this.prReply(message) } };
		responders = responders ++ [
			'/amt/bar' -> { |message| bars.put(message) },
			'/amt/next.reply' -> { |message| this.prPhrase(*message[1..]) },
			'/amt/error' -> { |message| this.prError(*message[1..]) }
		];
		responders = responders.collect { |pair|
			OSCFunc({ |message|
				isThere = true;
				if(message[0] == '/amt/error' and: { message[2] == \starting }) { this.prPreparing(message[3]) } {
					this.prHeard;
					pair.value.value(message)
				}
			}, pair.key, address).permanent_(true)
		};
		CmdPeriod.add(this)
	}

	prHeard {
		lastHeard = Main.elapsedTime;
		process !? { process.heard };
		if(isPreparing) {
			isPreparing = false;
			if(process.isNil) { this.tell("the music server is ready at " ++ this.where) }
		}
	}

	// It listens, and still compiles or loads its model: what was asked waits, and is asked again at every tick.
	prPreparing { |text|
		this.prForgive(Main.elapsedTime);
		if(isPreparing.not) {
			isPreparing = true;
			if(process.isNil) {
				this.tell("the music server at % is %. What you ask for comes by itself as soon as it is ready".format(
					this.where, text.asString.split($;).first))
			}
		}
	}

	prClose {
		this.prFail(commands ++ phrases, AMTError("the client was freed", \freed));
		address.sendMsg('/amt/bye');
		pieces.clear;
		settings.do(_.release);
		responders.do(_.free);
		responders = nil;
		CmdPeriod.remove(this)
	}

	prAdd { |queue, request|
		if(this.isBusy.not) {
			if(joined.notNil and: { Main.elapsedTime - lastHeard > timeout }) { this.prCheckSession };
			lastHeard = Main.elapsedTime
		};
		queue.add(request);
		this.prAdvance;
		this.prKeepTicking;
		^request
	}

	prAdvance {
		var command = commands.first, phrase = phrases.first;
		if(command.notNil) { this.prLaunch(command) };
		if(phrase.notNil and: { command.isNil or: { command.id > phrase.id } }) { this.prLaunch(phrase) }
	}

	prLaunch { |request|
		if(request.isLaunched) { ^this };
		if(request.session != joined) { ^this.prJoin(request.session) };
		request.launchTime = Main.elapsedTime;
		this.prSend(request)
	}

	// An address is in one session at a time, and a hello forgets what was asked: it waits until nothing is under way.
	prJoin { |session|
		var hello;
		if((commands ++ phrases).any(_.isLaunched)) { ^this };
		hello = AMTRequest(this, session, ['/amt/hello', "sclang", session], '/amt/hello.reply', nil, 0);
		joined = session;
		greeted = nil;
		cursor = 0;
		hello.then(nil, { |error|
			joined = nil;
			this.prFail((commands ++ phrases).select { |request| request.session == session }, error)
		});
		commands.addFirst(hello);
		this.prLaunch(hello)
	}

	prSend { |request| address.sendMsg(*request.message) }

	// Calls the action unless a server answers there, or is being started.
	prIfNobody { |action|
		var start = Main.elapsedTime;
		isThere = false;
		address.sendMsg('/amt/status');
		SystemClock.sched(this.prInterval, {
			case
			{ isThere or: { process.notNil } } { }
			// sclang was too busy to hear
			{ Main.elapsedTime - start > (this.prInterval * 2) } { this.prIfNobody(action) }
			{ action.value };
			nil
		})
	}

	prUsed { |options|
		var text = "a music server is running at % already, and is used as it is".format(this.where), port = address.port;
		if(options.isEmpty) { ^this.tell(text) };
		this.refuse("%. The options \"%\" have no effect until it is stopped (%) and AMT.boot starts another".format(text, options,
			if(process.isNil) { "with Ctrl-C in its terminal, or AMT.quit in the SuperCollider that started it" } {
				if(port == 57990) { "AMT.quit" } { "AMT.quit(%)".format(port) }
			}
		))
	}

	prKeepTicking {
		if(ticking.not and: { this.isBusy }) {
			ticking = true;
			lastTick = Main.elapsedTime;
			SystemClock.sched(this.prInterval, { ticking = false; this.prTick; nil })
		}
	}

	// Within a timeout a server is asked more than once whether it lives.
	prInterval { ^min(repeatInterval, timeout / 3) }

	prTick {
		var now = Main.elapsedTime, gap = now - lastTick;
		this.prKeepTicking;
		// After a time in which sclang was too busy to tick, and so to listen, ticks come in a burst before what was heard.
		if(gap < (this.prInterval / 2)) { ^this };
		if(gap > (this.prInterval * 2) or: { process.notNil and: { process.isStarting } }) { this.prForgive(now) };
		if(now - lastHeard > timeout) {
			this.prLose;
			^this.prFail(commands ++ phrases, this.prAbsent)
		};
		// Commands are answered at once by a server that lives; music may take its time, so ask whether it lives.
		// Both may wait longer than an absent server is waited for, so that absence is called by its name.
		if(commands.isEmpty) { address.sendMsg('/amt/status') };
		this.prRepeat(commands.first, timeout * 2);
		this.prRepeat(phrases.first, timeout * patience)
	}

	prForgive { |now|
		lastHeard = now;
		(commands ++ phrases).do { |request| if(request.isLaunched) { request.launchTime = now } }
	}

	prRepeat { |request, limit|
		if(request.isNil or: { request.isLaunched.not }) { ^this };
		if(Main.elapsedTime - request.launchTime > limit) {
			^this.prFail([request], AMTError("the server at % lives, but did not answer % in % s".format(
				this.where, request.message[0], limit.round(0.1)), \timeout))
		};
		request.resent = false;
		this.prSend(request)
	}

	prLose {
		joined = greeted = nil;
		isPreparing = false;
		lost.addAll(settings.keys)
	}

	// After a silence the server may be another one, which has not been told of the session: asked before anything else.
	prCheckSession {
		commands.add(AMTRequest(this, joined, ['/amt/status'], '/amt/status.reply', nil, 0).then(nil, { }))
	}

	prAbsent {
		var usual = address.port == 57990;
		^AMTError("no answer from %; start the music server with AMT.boot%, or in a terminal:  midinfinite-osc serve%".format(
			this.where, if(usual) { "" } { "(%)".format(address.port) }, if(usual) { "" } { " --port " ++ address.port }
		), \absent)
	}

	prFail { |requests, error|
		commands.removeAll(requests);
		phrases.removeAll(requests);
		if(#[\absent, \timeout].includes(error.code)) { requests.do { |request| this.prKeep(request) } };
		requests.do { |request| request.reject(error) };
		this.prAdvance
	}

	prAnswer { |queue, value|
		queue.removeAt(0).resolve(value);
		this.prAdvance
	}

	prReply { |message|
		var command = commands.first;
		if(message[0] == '/amt/hello.reply') { this.prGreeted(*message[1..]) };
		if(message[0] == '/amt/reset.reply') { cursor = 0 };
		if(message[0] == '/amt/status.reply') { this.prNoticeSession(message) };
		if(command.notNil and: { command.accepts(message) }) { this.prAnswer(commands, message[1..]) }
	}

	prGreeted { |version, server, argModel, session, nextBar|
		serverName = server;
		greeted = session;
		model = argModel;
		if(version != protocol) {
			this.warn("the server speaks protocol %, this quark %: update the older of the two".format(version, protocol))
		};
		session = session.asString;
		if(lost.includes(session)) {
			lost.remove(session);
			this.prResend(session, this.settings(session).messages(nextBar > 0))
		}
	}

	// What was set while nobody answered is told as soon as somebody does.
	prKeep { |request|
		if(request.message[0] == '/amt/set') {
			this.settings(request.session).put(request.message[1], request.message[2..], false);
			lost.add(request.session)
		}
	}

	// A server that was restarted knows nothing of the session that was joined: nobody has told it yet.
	prNoticeSession { |message|
		var index = message.indexOf('session');
		if(index.notNil and: { greeted.notNil } and: { joined.notNil } and: { message[index + 1] != greeted }) { this.prLose }
	}

	// A server that was restarted is told before anything else is asked, but for what is about to be set anew: right after the
	// command under way, and with id 0 before all phrases that wait.
	prResend { |session, messages|
		var subjects = commands.select { |each| each.session == session and: { each.message[0] == '/amt/set' } }
		.collect { |each| AMTSettings.subject(*each.message[1..]) };
		var place = if(commands.notEmpty and: { commands.first.isLaunched }) { 1 } { 0 };
		messages.reject { |message| subjects.includesEqual(AMTSettings.subject(*message[1..])) }.reverseDo { |message|
			commands.insert(place, AMTRequest(this, session, message, '/amt/set.reply', message[1], 0).then {
				this.settings(session).put(message[1], message[2..])
			})
		}
	}

	prPhrase { |id, first, count|
		var request = phrases.first, arrived = bars.take(first, count);
		if(request.isNil or: { request.id != id }) { ^this };
		// A cursor that went back is that of a server that was restarted; what it sent is music all the same.
		if(first < cursor) { this.prLose };
		if(arrived.notNil) {
			cursor = first + count;
			this.prAnswer(phrases, arrived)
		} {
			if(request.resent.not) { request.resent = true; this.prSend(request) }
		}
	}

	prError { |id, code, text|
		var error = AMTError(text.asString, code), request;
		request = if(id == 0) { commands.first } { phrases.detect { |each| each.id == id } };
		case
		{ request.notNil and: { request.isLaunched } } { this.prFail([request], error) }
		{ id == 0 } { this.warn(error.what) }
	}
}
