"""Music as values: notes, bars, grid, instruments, scales, MIDI files. Knows no model and no network."""
