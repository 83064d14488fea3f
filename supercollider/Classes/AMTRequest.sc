// One message to the server and what became of it: waiting, answered or failed.
// Knows how threads sleep and wake; knows nothing of what is asked.
AMTRequest {
	var <link, <session, <message, <replyPath, <replyKey, <id;
	var <state = \waiting, <value, <error, <>launchTime, <>resent = false;
	var actions, failActions, sleepers;

	// Only threads that are played by themselves may sleep; a stream inside a player has to yield events.
	*mayBlock {
		var player;
		if(thisThread.isKindOf(Routine).not) { ^false };
		player = thisThread.threadPlayer;
		^player === thisThread or: {
			player.isKindOf(PauseStream) and: { player.isKindOf(EventStreamPlayer).not }
		}
	}

	*new { |link, session, message, replyPath, replyKey, id|
		^super.newCopyArgs(link, session, message, replyPath, replyKey, id)
	}

	isPending { ^state == \waiting }
	isReady { ^state == \ready }
	isFailed { ^state == \failed }
	isLaunched { ^launchTime.notNil }

	accepts { |reply|
		^this.isPending and: { this.isLaunched } and: { reply[0] == replyPath }
		and: { replyKey.isNil or: { reply[1] == replyKey } }
	}

	wait {
		if(this.isPending and: { this.class.mayBlock.not }) {
			AMTError("wait works only inside fork, Routine, Task or Tdef; elsewhere use onReady").throw
		};
		while { this.isPending } {
			sleepers = (sleepers ?? { IdentitySet.new }).add(thisThread.threadPlayer);
			\wait.yield
		};
		if(this.isFailed) { error.throw };
		^value
	}

	then { |action, onError|
		case
		{ this.isPending } {
			actions = actions.add(action);
			if(onError.notNil) { failActions = failActions.add(onError) }
		}
		{ this.isReady } { action.value(value) }
		{ onError.value(error) }
	}

	resolve { |argValue|
		if(this.isPending.not) { ^this };
		value = argValue;
		state = \ready;
		this.prFinish(actions, value)
	}

	reject { |argError|
		if(this.isPending.not) { ^this };
		error = argError;
		state = \failed;
		if(sleepers.isNil and: { failActions.isNil } and: { error.code != \freed }) { link.refuse(error.what) };
		this.prFinish(failActions, error)
	}

	// Cmd-period stops the threads that sleep here like all others, instead of waking them with an error.
	cancel {
		var stopping = sleepers;
		if(this.isPending.not) { ^this };
		sleepers = nil;
		error = AMTError("stopped by CmdPeriod", \cancelled);
		state = \failed;
		this.prFinish(failActions, error);
		stopping.do { |thread| thread.stop }
	}

	prFinish { |functions, argument|
		var waking = sleepers;
		sleepers = actions = failActions = nil;
		functions.do { |function|
			try { function.value(argument) } { |caught| caught.reportError }
		};
		waking.do { |thread| thread.clock.sched(0, thread) }
	}
}
