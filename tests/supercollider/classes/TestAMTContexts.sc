// Where a live coder may ask from: only a thread of its own waits, everything else gets a phrase at once.
// Needs a music server: at AMT_TEST_PORT, or where midinfinite-osc serve puts it.
TestAMTContexts : UnitTest {
	var amt, absent;

	setUp {
		amt = AMT("127.0.0.1", ("AMT_TEST_PORT".getenv ? "57990").asInteger, "unit tests");
		absent = AMT("127.0.0.1", ("AMT_ABSENT_PORT".getenv ? "57989").asInteger);
		absent.timeout = 0.3;
		amt.instruments = [\bass]
	}

	tearDown { amt.free; absent.free }

	// What `next` was, at the moment that it returned inside a context: a function that is given what to run.
	prAsk { |context, client|
		var done = CondVar.new, result;
		context.value {
			var phrase = try { (client ? amt).next(bars: 1) } { |error| error };
			result = [phrase, phrase.isKindOf(AMTPhrase) and: { phrase.isReady }];
			done.signalOne;
			nil // a thread that ends with an error as its value would post it
		};
		done.wait { result.notNil };
		^result
	}

	prNeverWaits { |context|
		var phrase, ready;
		#phrase, ready = this.prAsk(context);
		this.assert(phrase.isKindOf(AMTPhrase) and: { ready.not }, "gives a phrase that is still on its way");
		#phrase = this.prAsk(context, absent);
		this.assert(phrase.isKindOf(AMTPhrase), "gives a phrase when the server is absent, too")
	}

	prWaits { |context|
		var phrase, ready;
		#phrase, ready = this.prAsk(context);
		this.assert(phrase.isKindOf(AMTPhrase) and: { ready }, "waits until the phrase is there");
		#phrase = this.prAsk(context, absent);
		this.assert(phrase.isKindOf(AMTError), "throws when the server is absent");
		this.assertEquals(phrase.tryPerform(\code), \absent, "says that it is absent")
	}

	test_defer { this.prNeverWaits { |ask| ask.defer(0.01) } }
	test_systemClock { this.prNeverWaits { |ask| SystemClock.sched(0, { ask.value; nil }) } }
	test_appClock { this.prNeverWaits { |ask| AppClock.sched(0, { ask.value; nil }) } }
	test_tempoClock { this.prNeverWaits { |ask| TempoClock.default.sched(0, { ask.value; nil }) } }
	test_responder {
		this.prNeverWaits { |ask|
			OSCFunc({ ask.value }, '/test/ask').oneShot;
			NetAddr.localAddr.sendMsg('/test/ask')
		}
	}
	test_plazy { this.prNeverWaits { |ask| Plazy { ask.value; Event.silent(1) }.play } }
	test_prout { this.prNeverWaits { |ask| Prout { |inval| ask.value; Event.silent(1, inval).yield }.play } }
	test_innerRoutine {
		this.prNeverWaits { |ask|
			Prout { |inval| Routine { |inner| ask.value; Event.silent(1, inner).yield }.embedInStream(inval) }.play
		}
	}
	test_pfunc { this.prNeverWaits { |ask| Pbind(\type, \rest, \dur, Pfuncn({ ask.value; 1 }, 1)).play } }
	test_pdef { this.prNeverWaits { |ask| Pdef(\unit, Plazy { ask.value; Event.silent(1) }).play } }

	test_fork { this.prWaits { |ask| fork { ask.value } } }
	test_routine { this.prWaits { |ask| Routine { ask.value }.play(SystemClock) } }
	test_routineOnAppClock { this.prWaits { |ask| Routine { ask.value }.play(AppClock) } }
	test_task { this.prWaits { |ask| Task { ask.value }.play } }
	test_tdef { this.prWaits { |ask| Tdef(\unit, { ask.value }).play } }

	test_waitOutsideAThread {
		var phrase = amt.request(bars: 1), done = CondVar.new, result;
		{ result = try { phrase.wait } { |error| error }; done.signalOne }.defer(0.01);
		done.wait { result.notNil };
		this.assert(result.isKindOf(AMTError) and: { result.what.contains("onReady") }, "is refused, and says what to use")
	}

	test_clock {
		var clock = TempoClock(2), done = CondVar.new, heard = [];
		var replies = OSCFunc({ |message| heard = heard.add(message[1..]); done.signalOne }, '/amt/set.reply');
		amt.clock = clock;
		amt.next(bars: 1);
		clock.tempo = 1.5;
		done.wait { heard.any { |reply| reply == [\tempo, 90.0] } };
		this.assert(true, "a change of tempo reaches the server by itself");
		clock.sched(0, { clock.beatsPerBar = 3; nil });
		done.wait { heard.any { |reply| reply == [\meter, 3, 4] } };
		this.assert(true, "a change of meter reaches the server by itself");
		amt.clock = nil;
		replies.free;
		clock.stop
	}

	test_linkClock {
		var clock = LinkClock(2), done = CondVar.new, heard;
		var replies = OSCFunc({ |message| heard = message; done.signalOne }, '/amt/set.reply');
		amt.clock = clock;
		clock.tempo = 1.25;
		done.wait { heard == ['/amt/set.reply', \tempo, 75.0] };
		this.assert(true, "a LinkClock is followed like any other");
		amt.clock = nil;
		replies.free;
		clock.stop
	}
}
