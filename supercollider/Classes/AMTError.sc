// What went wrong between here and the music server, in words that say what to do.
AMTError : Error {
	var <code;

	*new { |text, code = \client|
		^super.new(text).prSetCode(code)
	}

	errorString { ^"ERROR: AMT: " ++ what }

	prSetCode { |argCode| code = argCode.asSymbol }
}
