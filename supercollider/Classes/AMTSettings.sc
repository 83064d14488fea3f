// What a session was steered by, in order, so that a server that was restarted can be told again; and what of the clock it follows.
AMTSettings {
	var settings, <held, <followed;

	*new { ^super.newCopyArgs(List.new, IdentitySet.new, IdentityDictionary.new) }

	// What a setting is about: ranges and polyphonies of different instruments hold side by side.
	*subject { |key ... values|
		^[key.asSymbol, if(#[\range, \polyphony].includes(key.asSymbol) and: { values.size > 1 }) { values[0].asSymbol } { nil }]
	}

	// One setting of a subject counts. `isKnown`: whether the server has it, too.
	put { |key, values, isKnown = true|
		var subject = this.class.subject(key, *values);
		settings.removeAllSuchThat { |setting| setting[0] == subject };
		settings.add([subject, ['/amt/set', key] ++ values, isKnown])
	}

	// For a server that knows nothing, or one that lacks only what was set while it did not answer.
	messages { |isKnown = false|
		^settings.asArray.reject { |setting| isKnown and: { setting[2] } }.collect { |setting| setting[1] }
	}

	// What was set by hand does not follow the clock.
	hold { |key| held.add(key) }

	// The clock is followed again, and told anew.
	release {
		held.clear;
		followed.clear
	}
}
