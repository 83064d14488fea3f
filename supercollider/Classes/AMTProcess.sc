// A music server that sclang starts and ends, for a link. Knows the command line, not the protocol.
AMTProcess {
	classvar <>command, all;
	var <path, link, <options, onEnd, <state = \starting, pid;

	*initClass {
		all = Set.new;
		Class.initClassTree(ShutDown);
		ShutDown.add { this.quitAll }
	}

	// The command's path: the one given, AMTProcess.command, the one noted by who installed the quark, on the PATH, or in a
	// virtual environment around this quark.
	*find { |path|
		var given = path ? command ?? { this.noted };
		if(given.notNil) {
			given = given.standardizePath;
			if(File.exists(given)) { ^given };
			AMTError("there is no music server at %; give the path of the command midinfinite-osc".format(given), \command).throw
		};
		^this.places.collect { |folder| folder +/+ "midinfinite-osc" }.detect { |candidate| File.exists(candidate) } ?? {
			AMTError("the command midinfinite-osc was not found on the PATH, nor beside this quark. Install it (pip install "
				"midinfinite-osc, or make setup in its folder), or say where it is: AMT.boot(command: \"/path/to/midinfinite-osc\")",
				\command).throw
		}
	}

	// What stands in the file "command" of the quark's folder, if there is one.
	*noted {
		var file = this.filenameSymbol.asString.dirname.dirname +/+ "command", path;
		if(File.exists(file).not) { ^nil };
		path = File.readAllString(file).stripWhiteSpace;
		^if(File.exists(path)) { path } { nil }
	}

	// Folders that are searched, in order.
	*places {
		var folder = this.filenameSymbol.asString.dirname, around = [];
		while { folder.dirname != folder } {
			folder = folder.dirname;
			around = around ++ [folder +/+ ".venv/bin", folder +/+ "venv/bin", folder +/+ "bin"]
		};
		^("PATH".getenv ? "").split($:).reject(_.isEmpty) ++ around
		++ ["~/.local/bin", "/opt/homebrew/bin", "/usr/local/bin"].collect(_.standardizePath)
	}

	*quitAll { all.copy.do(_.quit) }

	*new { |path, link, options = "", onEnd|
		^super.newCopyArgs(path, link, options, onEnd).prStart
	}

	isStarting { ^state == \starting }
	isQuitting { ^state == \quitting }
	isRunning { ^state != \ended }

	// Something came from it.
	heard { if(state == \starting) { state = \ready } }

	quit {
		if(this.isRunning) {
			state = \quitting;
			"kill % 2>/dev/null".format(pid).systemCmd
		}
	}

	// The shell waits for the server, ends it when it is asked to, and when sclang is gone, however that ended.
	commandLine {
		^"PATH=$PATH:/usr/bin:/bin; % serve --port % % >/dev/null & server=$!; trap 'kill $server' TERM INT HUP; "
		"(while kill -0 $PPID && kill -0 $$; do sleep 1; done; kill $server) >/dev/null 2>&1 & watch=$!; "
		"wait $server; code=$?; kill $watch 2>/dev/null; exit $code"
		.format(path.shellQuote, link.address.port, options)
	}

	prStart {
		all.add(this);
		"AMT: starting % (the first time, it compiles the model for this computer)".format(path).postln;
		pid = this.commandLine.unixCmd({ |code| this.prEnded(code) }, false)
	}

	prEnded { |code|
		var before = state;
		state = \ended;
		all.remove(this);
		onEnd.value;
		// If it was ready, whoever asks it next will notice; it may also be that another server had its port before.
		case
		{ before == \quitting } { link.tell("the music server has ended") }
		{ before == \starting } {
			link.fail(AMTError("the music server did not start (exit code %); see what it says in a terminal:  % serve --port %"
				.format(code, path, link.address.port), \ended))
		}
	}
}
