// What a session was steered by, in order, so that a server that was restarted can be told again.
AMTSettings {
	var settings;

	*new { ^super.newCopyArgs(List.new) }

	// Whom a setting is about: ranges and polyphonies of different instruments hold side by side.
	*subject { |key, values|
		^if(#[\range, \polyphony].includes(key) and: { values.size > 1 }) { values[0].asSymbol } { nil }
	}

	// One setting of a key counts, but one of each subject.
	put { |key, values|
		var subject = this.class.subject(key, values);
		settings.removeAllSuchThat { |setting|
			setting.key == key and: { this.class.subject(key, setting.value) == subject }
		};
		settings.add(key -> values)
	}

	messages { ^settings.asArray.collect { |setting| ['/amt/set', setting.key] ++ setting.value } }
}
