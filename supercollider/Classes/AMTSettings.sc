// What a session was steered by, in order, so that a server that was restarted can be told again.
AMTSettings {
	var settings;

	*new { ^super.newCopyArgs(List.new) }

	// One setting of a key counts, but one range and one polyphony of each instrument.
	put { |key, values|
		settings.removeAllSuchThat { |setting|
			setting.key == key and: { #[\range, \polyphony].includes(key).not or: { setting.value[0].asSymbol == values[0].asSymbol } }
		};
		settings.add(key -> values)
	}

	messages { ^settings.asArray.collect { |setting| ['/amt/set', setting.key] ++ setting.value } }
}
