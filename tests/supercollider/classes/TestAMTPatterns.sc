// A phrase, a Pamt and their filters, step by step: the bars come when the test says so. Needs no server.
TestAMTPatterns : UnitTest {
	var bass = 33, kit = 128, notes, now;

	setUp {
		notes = [[0, 480, 40, 100, bass], [480, 120, 36, 90, kit], [480, 240, 43, 80, bass], [960, 120, 38, 70, kit]];
		now = thisThread.beats
	}

	tearDown { thisThread.beats = now }

	prBar { |index| ^AMTStandIn.bar(index, notes) }

	// Some events as [beat, dur, midinote, or nil for a rest]; the beat counts from 0. The thread's time passes with them.
	prPlayed { |stream, count|
		var beat = 0;
		^count.collect {
			var event = stream.next(()), at = beat;
			event !? {
				beat = beat + event.delta;
				thisThread.beats = thisThread.beats + event.delta;
				[at, event.delta, if(event.isRest) { nil } { event[\midinote] }]
			}
		}
	}

	test_phraseFillsItsBars {
		var phrase = AMTStandIn.phrase([this.prBar(7)]), played = this.prPlayed(phrase.asStream, 5);
		this.assertEquals(played, [[0, 1, 40], [1, 0, 36], [1, 1, 43], [2, 2, 38], nil], "every onset, and the bar's end");
		this.assertEquals(phrase.barLines, [0, 4], "where the bar begins and ends");
		this.assertEquals(phrase.events.collect { |event| event[\bar] }.asSet.asArray, [7], "every event knows its bar")
	}

	test_chordOrderIsThatOfTheServer {
		var phrase = AMTStandIn.phrase([this.prBar(0)]);
		this.assertEquals(phrase.notes.collect { |note| note[\onset] }, [0, 1, 1, 2], "sorted by onset")
	}

	test_only {
		var phrase = AMTStandIn.phrase([this.prBar(0)]);
		this.assertEquals(this.prPlayed(phrase.only(\drums).asStream, 4), [[0, 1, nil], [1, 1, 36], [2, 2, 38], nil], "the kit alone");
		this.assertEquals(this.prPlayed(phrase.only(\kick).asStream, 3), [[0, 1, nil], [1, 3, 36], nil], "a piece of the kit");
		this.assertEquals(phrase.only([\bass, "snare"]).notes.collect { |note| note[\midinote] }, [40, 43, 38], "several");
		this.assertEquals(phrase.without(\drums).notes.collect { |note| note[\midinote] }, [40, 43], "all but the kit");
		this.assertEquals(phrase.only(\drums).without(\kick).notes.collect { |note| note[\midinote] }, [38], "one after the other");
		this.assertEquals(this.prPlayed(phrase.only(\flute).asStream, 2), [[0, 4, nil], nil], "a bar of rest if nobody is left");
		this.assertException({ phrase.only(\drumz) }, AMTError, "a name that is none")
	}

	test_phraseThatIsOnItsWayRestsWholeBars {
		var amt = AMTStandIn.new, stream = amt.request(1).asStream;
		this.assertEquals(this.prPlayed(stream, 2), [[0, 4, nil], [4, 4, nil]], "rests");
		amt.requests.last.resolve([this.prBar(0)]);
		this.assertEquals(this.prPlayed(stream, 1), [[0, 1, 40]], "then plays from its beginning")
	}

	test_pamtJoinsTheBarInTheMiddle {
		var amt = AMTStandIn.new, stream = Pamt(amt, 1).asStream;
		this.assertEquals(this.prPlayed(stream, 1), [[0, 1, nil]], "rests a beat");
		amt.requests.last.resolve([this.prBar(0)]);
		this.assertEquals(this.prPlayed(stream, 3), [[0, 0, 36], [0, 1, 43], [1, 2, 38]], "plays what is left of the bar")
	}

	test_pamtRepeatsItsLastBarsWhileBarsAreLate {
		var amt = AMTStandIn.new, pattern = Pamt(amt, 2), stream, beats;
		amt.requests[0].resolve([this.prBar(0)]);
		stream = pattern.asStream;
		this.prPlayed(stream, 4);
		amt.requests[1].resolve([AMTStandIn.bar(1, [[0, 480, 50, 100, bass]])]);
		this.assertEquals(this.prPlayed(stream, 1), [[0, 4, 50]], "plays its phrase, of which it asked for the first bar first");
		this.assertEquals(amt.requests.size, 3, "has asked for the next one meanwhile");
		this.assertEquals(this.prPlayed(stream, 5).collect(_.last), [40, 36, 43, 38, 50], "repeats both bars");
		this.assertEquals(this.prPlayed(stream, 4), [[0, 1, 40], [1, 0, 36], [1, 1, 43], [2, 2, 38]], "and again, in time");
		amt.requests[2].resolve([this.prBar(2), this.prBar(3)]);
		this.assertEquals(this.prPlayed(stream, 4), [[0, 1, 40], [1, 0, 36], [1, 1, 43], [2, 2, 38]], "the next bar line is that of the new bars");
		this.assertEquals(amt.said.size, 1, "says afterwards, once, that bars were late")
	}

	test_pamtSaysOnceThatTheServerIsGone {
		var amt = AMTStandIn.new, pattern = Pamt(amt, 1), stream;
		amt.requests[0].resolve([AMTStandIn.bar(0, [[0, 480, 40, 100, bass]])]);
		stream = pattern.asStream;
		this.prPlayed(stream, 1);
		3.do {
			amt.requests.last.reject(AMTError("no answer", \absent));
			this.assertEquals(this.prPlayed(stream, 1), [[0, 4, 40]], "the last bar repeats")
		};
		this.assertEquals(amt.said, ["no answer. The last bars repeat until music comes"], "one message");
		amt.requests.last.resolve([AMTStandIn.bar(1, [[0, 480, 41, 100, bass]])]);
		this.assertEquals(this.prPlayed(stream, 1), [[0, 4, 41]], "goes on by itself");
		this.assertEquals(amt.said.last, "the music goes on", "says so")
	}

	test_pamtOnly {
		var amt = AMTStandIn.new, pattern = Pamt(amt, 1).only(\drums);
		amt.requests[0].resolve([this.prBar(0)]);
		this.assertEquals(this.prPlayed(pattern.asStream, 3), [[0, 1, nil], [1, 1, 36], [2, 2, 38]], "the kit alone, endlessly")
	}

	test_pamtPlaysWhatItAskedForAheadWhenItIsStartedAnew {
		var amt = AMTStandIn.new, pattern = Pamt(amt, 1), stream;
		amt.requests[0].resolve([this.prBar(0)]);
		stream = pattern.asStream;
		this.prPlayed(stream, 4);
		amt.requests[1].resolve([AMTStandIn.bar(1, [[0, 480, 50, 100, bass]])]);
		this.assertEquals(this.prPlayed(pattern.asStream, 1), [[0, 4, 50]], "another player has its bars at once");
		this.assertEquals(amt.requests.size, 3, "nothing was asked for in vain")
	}

	// Bars of one note each, whose pitch is 40 more than their number, answer what was asked for.
	prAnswer { |amt|
		amt.requests.select(_.isPending).do { |request|
			request.resolve(request.message.collect { |index| AMTStandIn.bar(index, [[0, 480, 40 + index, 100, bass]]) })
		}
	}

	// What several streams play, bar by bar and at the same time.
	prTogether { |amt, streams, count|
		^count.collect {
			var played;
			this.prAnswer(amt);
			played = streams.collect { |stream| stream.next(()) }.collect { |event| [event.delta, event[\midinote]] };
			this.assert(played.every { |one| one[0] == 4 }, "each plays a bar");
			thisThread.beats = thisThread.beats + 4;
			played.collect(_.last)
		}
	}

	test_playersOfASessionPlayTheSameBars {
		var amt = AMTStandIn.new, streams = [Pamt(amt, 1), Pamt(amt, 4), Pamt(amt, 3).only(\bass)].collect(_.asStream);
		var pattern = Pamt(amt, 2);
		this.assertEquals(this.prTogether(amt, streams, 9), (40 .. 48).collect { |pitch| pitch ! 3 }, "each plays all bars");
		streams = streams ++ pattern.asStream;
		this.assertEquals(this.prTogether(amt, streams, 6), (49 .. 54).collect { |pitch| pitch ! 4 }, "a new one joins them");
		this.assert(amt.bars <= (15 + 4), "bars are asked for once")
	}

	test_aPlayerThatIsStartedInABarJoinsAtTheNextOne {
		var amt = AMTStandIn.new, first = Pamt(amt, 4).asStream, second = Pamt(amt, 4).asStream;
		this.assertEquals(this.prTogether(amt, [first], 3), [[40], [41], [42]], "one plays");
		first.next(());
		thisThread.beats = thisThread.beats + 1;
		this.assertFloatEquals(second.next(()).delta, 3, "the other rests up to the bar line");
		thisThread.beats = thisThread.beats + 3;
		this.assertEquals(this.prTogether(amt, [first, second], 3), [[44, 44], [45, 45], [46, 46]], "both play the same");
		thisThread.beats = thisThread.beats - 2.5;
		second = Pamt(amt, 4).asStream;
		this.assertFloatEquals(second.next(()).delta, 2.5, "in the middle of a phrase, too")
	}

	test_aPlayerWithASoundMapOfItsOwnKeepsItInSharedBars {
		var amt = AMTStandIn.new, other = AMTStandIn.sharing(amt), streams = [Pamt(amt, 1), Pamt(other, 1)].collect(_.asStream);
		other.map[bass] = \mine;
		this.prAnswer(amt);
		this.assertEquals(streams.collect { |stream| stream.next(())[\instrument] }, [\amt_bass, \mine], "each its own sounds");
		this.assertEquals(other.requests, [], "the bars are those of the first one")
	}

	test_afterAResetPlayersGoOnToTheNewPiece {
		var amt = AMTStandIn.new, first = Pamt(amt, 1).asStream, second;
		this.assertEquals(this.prTogether(amt, [first], 2), [[40], [41]], "the old piece");
		amt.piece.reset;
		second = Pamt(amt, 1).asStream;
		this.assertEquals(this.prTogether(amt, [second], 1), [[43]], "what was asked for before the reset is left out");
		this.assertEquals(this.prTogether(amt, [first], 2), [[42], [43]], "and played by whoever waits for it")
	}

	test_onsetsOnALinkClock {
		var clock = LinkClock(8), phrase = AMTStandIn.phrase([this.prBar(0)]), beats = [], done = CondVar.new, player;
		player = phrase.play(clock, (play: { beats = beats.add(thisThread.beats) }), quant: 4);
		player.addDependant { |who, what| if(what == \stopped) { done.signalOne } };
		done.wait { player.isPlaying.not };
		this.assertArrayFloatEquals(beats - beats[0], [0, 1, 1, 2], "every onset on its beat", 1e-6);
		this.assertFloatEquals(beats[0] % 4, 0, "the first one on a bar line", 1e-6);
		clock.stop
	}

	test_pamtEnds {
		var amt = AMTStandIn.new, pattern = Pamt(amt, 1, 1);
		amt.requests[0].resolve([this.prBar(0)]);
		this.assertEquals(this.prPlayed(pattern.asStream, 5).last, nil, "after as many phrases as it was told");
		this.assertEquals(amt.requests.size, 1, "asks for no more");
		pattern = Pamt(amt, 3, 2).asStream;
		[1, 2, 3].do { |bars|
			this.assertEquals(amt.requests.last.id, amt.requests.size - 1, "one after the other");
			amt.requests.last.resolve(bars.collect { |index| AMTStandIn.bar(index, [[0, 480, 50, 100, bass]]) });
			this.prPlayed(pattern, bars)
		};
		this.assertEquals(pattern.next(()), nil, "after two phrases of three bars")
	}
}
