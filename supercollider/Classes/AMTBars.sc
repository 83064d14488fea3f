// Bars as they arrive, in parts and in any order, until they are taken whole.
AMTBars {
	var bars;

	*new { ^super.newCopyArgs(IdentityDictionary.new) }

	clear { bars.clear }

	// The message: address, index, revision, part, parts, ticks of the bar, notes, and five numbers for each note.
	put { |message|
		var index, revision, part, parts, ticks, count, bar;
		#index, revision, part, parts, ticks, count = message[1..6];
		bar = bars[index];
		if(bar.isNil or: { bar[\revision] != revision }) {
			bar = (revision: revision, ticks: ticks, size: parts, parts: IdentityDictionary.new);
			bars[index] = bar
		};
		bar[\parts][part] = if(count > 0) { message[7..].clump(5).keep(count) } { [] }
	}

	// Bars first to first + count - 1 with index, ticks and notes, or nil if any of it is lacking; then they are gone.
	take { |first, count|
		var indices = (first .. first + count - 1), taken = indices.collect { |index| bars.removeAt(index) };
		if(taken.any { |bar| bar.isNil or: { bar[\parts].size < bar[\size] } }) { ^nil };
		^taken.collect { |bar, i|
			(index: indices[i], ticks: bar[\ticks], notes: bar[\parts].atAll(bar[\parts].keys.asArray.sort).flatten)
		}
	}
}
