// What performers call instruments: a name, and the General MIDI programs and drum keys that it stands for.
AMTNames {
	const <drums = 128;
	classvar choices;
	var <name, <programs, <keys;

	*initClass {
		choices = Dictionary.new;
		AMTTables.instruments.split($ ).collect(_.stripWhiteSpace).reject(_.isEmpty).do { |entry|
			entry.split($\n).do { |line| this.prRead(line) }
		}
	}

	*all { ^choices.values.collect { |choice| choice.name.asSymbol }.sort }

	// A name in any spelling, with or without a weight ("bass:0.5"), or a program's number.
	*find { |name|
		var spoken, weight, compact, number;
		if(name.isKindOf(AMTNames)) { ^name };
		if(name.isNumber.not and: { name.isString.not } and: { name.isKindOf(Symbol).not }) {
			AMTError("an instrument is a name or a General MIDI number, not %".format(name)).throw
		};
		#spoken, weight = name.asString.split($:).collect(_.stripWhiteSpace);
		if(weight.notNil and: { weight.asFloat <= 0 or: { weight.asFloat > 10 } }) {
			AMTError("the weight in % is a number above 0 and at most 10, as in \"bass:0.5\"".format(name), \name).throw
		};
		if("^[0-9]+$".matchRegexp(spoken)) {
			number = spoken.asInteger;
			if(number > drums) {
				AMTError("an instrument's number is 0 to 127, or 128 for drums, not %".format(spoken)).throw
			};
			^super.newCopyArgs(spoken, [number])
		};
		compact = this.compact(spoken);
		[compact, this.prWithout(compact, "s"), compact ++ "s", this.prWithout(compact, "es")].do { |form|
			var found = choices[form];
			if(found.notNil) { ^found }
		};
		AMTError("no instrument is called %; %".format(spoken, this.prHint(compact)), \name).throw
	}

	// A function of a note: whether it is, or is not, of one of these instruments and as wanted before.
	*selection { |names, named, before|
		var choices = names.collect { |name| if(name.isKindOf(Array)) { name } { [name] } }.flatten(1).collect { |name| this.find(name) };
		^{ |note|
			(before.isNil or: { before.value(note) })
			and: { choices.any { |choice| choice.includes(note[\program], note[\midinote]) } == named }
		}
	}

	// Letters and digits only, in lower case: what two spellings of one name share.
	*compact { |name| ^name.asString.toLower.select { |letter| letter.isAlphaNum } }

	// Up to four of these names that look like one that is none.
	*near { |name, names|
		var compact = this.compact(name).keep(40), likeness = { |other| this.compact(other).similarity(compact) };
		var contains = { |other| compact.size > 2 and: { this.compact(other).contains(compact) } };
		^names.collect { |other| [other, likeness.value(other) + contains.value(other).binaryValue] }
		.select { |pair| pair[1] >= 0.6 }.sort { |a, b| a[1] > b[1] }.keep(4).collect(_.first)
	}

	includes { |program, key| ^programs.includes(program) and: { keys.isNil or: { keys.includes(key) } } }

	printOn { |stream| stream << this.class.name << "(" << name << ")" }

	*prHint { |compact|
		var near = this.near(compact, this.all);
		^if(near.notEmpty) { "did you mean %?".format(near.join(", ")) } {
			"there are piano, bass, guitar, strings, organ, brass, lead, pad, drums, kick, snare …; all: AMTNames.all"
		}
	}

	*prWithout { |text, ending| ^if(text.endsWith(ending)) { text.drop(ending.size.neg) } { text } }

	*prRead { |entry|
		var name, meant, programs, keys;
		#name, meant = entry.split($=);
		#programs, keys = meant.split($/);
		choices[this.compact(name)] = super.newCopyArgs(name, this.prNumbers(programs), keys !? { this.prNumbers(keys) })
	}

	*prNumbers { |text|
		var ends = text.split($-).collect(_.asInteger);
		^if(ends.size == 2) { (ends[0] .. ends[1]) } { text.split($,).collect(_.asInteger) }
	}
}
