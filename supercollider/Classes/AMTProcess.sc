// A music server that sclang starts and ends. Knows the command line, not the wire.
AMTProcess {
	classvar <>command, all;
	var <path, <port, <options, <state = \starting, pid, onEnd;

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

	*new { |path, port, options = "", onEnd|
		^super.newCopyArgs(path, port, options).prStart(onEnd)
	}

	isStarting { ^state == \starting }
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
		.format(path.shellQuote, port, options)
	}

	prStart { |argOnEnd|
		onEnd = argOnEnd;
		all.add(this);
		pid = this.commandLine.unixCmd({ |code| this.prEnded(code) }, false)
	}

	prEnded { |code|
		var before = state;
		state = \ended;
		all.remove(this);
		onEnd.value(code, before)
	}
}
