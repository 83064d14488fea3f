// What can be steered: refuses what the server would refuse, at once and where it was typed.
AMTKeys {
	classvar keys;

	*initClass {
		keys = IdentityDictionary.new;
		AMTTables.keys.do { |row| keys[row[0]] = row }
	}

	*names { ^AMTTables.keys.collect(_.first) }

	// One line for a musician, and values as typed.
	*text { |key| ^this.prAt(key)[1] }
	*example { |key|
		var values = this.prAt(key)[2].split($ ).collect { |word| if("^[0-9.]+$".matchRegexp(word)) { word } { "\\" ++ word } };
		^"set(%)".format((["\\" ++ key] ++ values).join(", "))
	}

	// A list of everything that can be steered, for reading.
	*post {
		this.names.do { |key| (this.example(key).padRight(42) ++ this.text(key)).postln }
	}

	// The values as they go over the wire, or an AMTError.
	*check { |key, values|
		var row = this.prAt(key), arguments;
		if(values.size > AMTTables.maxValues) {
			AMTError("% takes at most % values, not %".format(key, AMTTables.maxValues, values.size), \range).throw
		};
		arguments = this.prArguments(row[3], values.size);
		if(arguments.isNil) {
			AMTError("% takes %, as in %; % came".format(key,
				row[3].collect(_.first).join(", "), this.example(key), values.size), \type).throw
		};
		values = values.collect { |value, i| this.prCheck(arguments[i], value) };
		if(key.asSymbol == \key) { this.prCheckScale(*values) };
		^values
	}

	*prAt { |key|
		^keys[key.asSymbol] ?? {
			AMTError("there is no key %; % are %".format(key, this.prDidYouMean(key), this.names.join(", ")),
				'unknown-key').throw
		}
	}

	*prDidYouMean { |key|
		var near = AMTNames.near(key, this.names);
		^if(near.isEmpty) { "the keys" } { "did you mean %? The keys".format(near.join(" or ")) }
	}

	// Which argument each of so many values is for, or nil.
	*prArguments { |arguments, count|
		var repeated = arguments.notEmpty and: { arguments.last[5] == \repeated };
		var fixed = if(repeated) { arguments.drop(-1) } { arguments };
		if(count < fixed.size) { fixed = fixed.reject { |argument| argument[5] == \optional } };
		if(count < fixed.size or: { count > fixed.size and: { repeated.not } }) { ^nil };
		^fixed ++ ({ arguments.last } ! (count - fixed.size))
	}

	*prCheck { |argument, value|
		var name, kind, low, high, choices;
		#name, kind, low, high, choices = argument;
		if(kind == \str) { ^this.prCheckText(name, value, low, high) };
		if(value.isKindOf(SimpleNumber).not or: { kind == \int and: { value.frac != 0 } }) {
			AMTError("% is a % number, not %".format(name, if(kind == \int) { "whole" } { "real" }, this.prShown(value)), \type).throw
		};
		if(choices.notNil and: { choices.includes(value.asInteger).not }) {
			AMTError("% is one of %, not %".format(name, choices.join(", "), value), \range).throw
		};
		if(low.notNil and: { value.inclusivelyBetween(low, high).not }) {
			AMTError("% is % to %, not %".format(name, low, high, value), \range).throw
		};
		^if(kind == \int) { value.asInteger } { value.asFloat }
	}

	*prCheckText { |name, value, low, high|
		var isInstrument = #[\instrument, \name].includes(name);
		if(value.isString.not and: { value.isKindOf(Symbol).not } and: { isInstrument.not or: { value.isNumber.not } }) {
			AMTError("% is a Symbol or a String, not %".format(name, this.prShown(value)), \type).throw
		};
		if(value.asString.size > high) {
			AMTError("% has at most % characters, not %".format(name, high, value.asString.size), \range).throw
		};
		if(isInstrument) { AMTNames.find(value) };
		^value.asString
	}

	*prCheckScale { |tonic, name|
		var compact = AMTNames.compact(name), names = AMTTables.scales.tr($\n, $ ).split($ ).reject(_.isEmpty), near;
		if(tonic.isEmpty and: { name.isEmpty }) { ^this };
		if("^[^a-zA-Z]*[a-gA-G]".matchRegexp(tonic).not) {
			AMTError("a tonic is a letter a to g, perhaps sharp (cs, c#) or flat (eb, ef), not %".format(tonic.asCompileString), \name).throw
		};
		if("[0-9]".matchRegexp(name)) { ^this };
		if(names.any { |each| #["", "scale", "mode"].any { |ending| AMTNames.compact(each) ++ ending == compact } }) { ^this };
		near = AMTNames.near(name, names);
		AMTError("no scale is called %; %".format(name.asCompileString,
			if(near.isEmpty) { "there are " ++ names.join(", ") } { "did you mean %?".format(near.join(", ")) }), \name).throw
	}

	*prShown { |value| ^value.asCompileString.keep(60) }
}
