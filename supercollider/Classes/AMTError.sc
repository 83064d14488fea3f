// What went wrong between here and the music server, in words that say what to do.
AMTError : Error {
	var <code;

	*new { |text, code = \client|
		^super.new(text).prSetCode(code)
	}

	errorString { ^"ERROR: AMT: " ++ what }

	// One line: it says what to do, and no call stack could add to that.
	reportError { this.errorString.postln }

	prSetCode { |argCode| code = argCode.asSymbol }
}
