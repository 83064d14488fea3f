// The default instruments: small SynthDefs named amt_…, one a family of General MIDI. Knows no patterns.
AMTSynths {
	// The amp of a note of the highest velocity: a whole band stays below full scale.
	const <loudest = 0.25;
	classvar added = false;

	*names { ^this.defs.collect { |def| def.name.asSymbol } }

	// Adds them once; SynthDescLib sends them to every server that boots later.
	*add {
		if(added.not) {
			this.defs.do(_.add);
			added = true
		}
	}

	*defs { ^this.pitched ++ this.drums }

	*pitched {
		^[
			this.prVoice(\amt_keys, { |freq, velocity|
				var decay = Env.perc(0.002, freq.linexp(60, 2000, 3, 0.8), curve: -4).kr;
				var tine = SinOsc.ar(freq * 2, 0, decay * velocity * 1.4);
				SinOsc.ar(freq, tine, decay) + SinOsc.ar(freq * 3.003, 0, decay.cubed * 0.15)
			}, 0.002, 0.25, 1.0),
			this.prVoice(\amt_bell, { |freq|
				var partials = [1, 2.76, 5.4];
				(SinOsc.ar(freq * partials) * Env.perc(0.001, 1.6).kr.pow([1, 2, 4]) * [1, 0.35, 0.15]).sum
			}, 0.001, 0.5, 1.05),
			this.prVoice(\amt_organ, { |freq|
				(SinOsc.ar(freq * [0.5, 1, 2, 3, 4]) * [0.3, 1, 0.6, 0.35, 0.2]).sum * SinOsc.kr(5.6).range(0.94, 1)
			}, 0.01, 0.06, 0.6),
			this.prVoice(\amt_pluck, { |freq, velocity|
				var string = Pulse.ar(freq * [0.999, 1.001], 0.35).sum * 0.5 + SinOsc.ar(freq);
				RLPF.ar(string, (freq * Env.perc(0.001, 0.7).kr.range(1.5, 5 + (velocity * 6))).clip(60, 16000), 0.7)
				* Env.perc(0.001, 1.8).kr
			}, 0.001, 0.15, 0.8),
			this.prVoice(\amt_bass, { |freq, velocity|
				var string = Saw.ar(freq) * 0.5 + SinOsc.ar(freq);
				RLPF.ar(string, (freq * Env.perc(0.002, 0.5).kr.range(2, 4 + (velocity * 6))).clip(60, 8000), 0.6)
				* Env([0, 1, 0.6], [0.004, 0.6]).kr
			}, 0.004, 0.08, 1.0),
			this.prVoice(\amt_strings, { |freq|
				LPF.ar(this.prSection(Saw, freq * SinOsc.kr(5.2).range(0.998, 1.002)), (freq * 5).clip(200, 7000))
			}, 0.2, 0.35, 1.6),
			this.prVoice(\amt_brass, { |freq, velocity|
				var bright = Env([1, 6, 3.5], [0.07, 0.3]).kr * velocity.linlin(0, 1, 0.6, 1.2);
				LPF.ar(this.prSection(Saw, freq), (freq * bright).clip(100, 9000))
			}, 0.03, 0.12, 1.4),
			this.prVoice(\amt_reed, { |freq|
				LPF.ar(Pulse.ar(freq * SinOsc.kr(5).range(0.997, 1.003), 0.4), (freq * 4).clip(200, 6000))
			}, 0.03, 0.1, 1.1),
			this.prVoice(\amt_flute, { |freq|
				SinOsc.ar(freq * SinOsc.kr(5).range(0.997, 1.003)) + SinOsc.ar(freq * 2, 0, 0.15)
				+ BPF.ar(PinkNoise.ar(0.4), freq * 2, 0.2)
			}, 0.06, 0.12, 0.7),
			this.prVoice(\amt_lead, { |freq|
				RLPF.ar(this.prSection(Saw, freq) * 0.7 + Pulse.ar(freq, 0.3, 0.3),
					(freq * Env([7, 4], [0.25]).kr).clip(200, 10000), 0.6)
			}, 0.008, 0.15, 1.2),
			this.prVoice(\amt_pad, { |freq|
				LPF.ar(this.prSection(VarSaw, freq), (freq * SinOsc.kr(0.2).range(2, 4)).clip(200, 5000))
			}, 0.35, 0.9, 0.8)
		]
	}

	*drums {
		^[
			this.prHit(\amt_kick, {
				SinOsc.ar(Env([180, 48], [0.07], -4).kr) * 1.45 + (HPF.ar(WhiteNoise.ar(0.3), 3000) * Env.perc(0, 0.01).kr)
			}, 0.35, 0),
			this.prHit(\amt_snare, {
				((SinOsc.ar([185, 330]).sum * 0.7 * Env.perc(0.001, 0.12).kr)
					+ LPF.ar(HPF.ar(WhiteNoise.ar(2.4), 1200), 7000)).tanh * 1.3
			}, 0.25, 0),
			this.prHit(\amt_clap, {
				var hands = Env([0, 1, 0.1, 1, 0.1, 1, 0], [0.001, 0.01, 0.001, 0.01, 0.001, 0.2], -3).kr;
				(BPF.ar(WhiteNoise.ar(20), 1300, 0.6) * hands).tanh
			}, 0.3, 0.1),
			this.prHit(\amt_rim, { |freq|
				SinOsc.ar((freq * 6).clip(400, 2500)) * 1.2 + BPF.ar(WhiteNoise.ar(1.5), 2500, 0.3)
			}, 0.1, -0.2),
			this.prHit(\amt_hat, { LPF.ar(HPF.ar(WhiteNoise.ar(3), 6000), 12000).tanh * 1.2 }, 0.12, 0.25),
			this.prHit(\amt_openhat, { LPF.ar(HPF.ar(WhiteNoise.ar(1.7), 5500), 12000) }, 0.4, 0.25),
			this.prHit(\amt_tom, { |freq|
				SinOsc.ar(freq * Env([1.6, 1], [0.08], -3).kr) * 1.2 + LPF.ar(WhiteNoise.ar(0.15), 800)
			}, 0.4, -0.1),
			this.prHit(\amt_ride, {
				LPF.ar(HPF.ar(Pulse.ar([401, 563, 727, 1013]).sum + WhiteNoise.ar(1.1), 5000), 11000)
			}, 0.8, -0.3),
			this.prHit(\amt_crash, {
				LPF.ar(HPF.ar(Pulse.ar([317, 465, 822, 1151]).sum * 0.25 + WhiteNoise.ar(1.2), 4000), 11000)
			}, 1.6, 0.3),
			this.prHit(\amt_cowbell, { BPF.ar(Pulse.ar([540, 800]).sum, 800, 0.4) * 1.4 }, 0.25, 0.2)
		]
	}

	// A tone and two quieter ones beside it: a chorus whose beating never cancels it, in tune.
	*prSection { |ugen, freq| ^(ugen.ar(freq * [0.996, 1, 1.0055]) * [0.3, 1, 0.3]).sum }

	// A pitched voice: sounds as long as its gate is open, at a level that lets a band of them play together.
	*prVoice { |name, function, attack, release, level|
		^SynthDef(name, { |out = 0, freq = 440, amp = 0.1, pan = 0, gate = 1|
			var envelope = Env.asr(attack, 1, release, [if(attack > 0.1) { 0 } { -4 }, -4]).kr(Done.freeSelf, gate);
			var voice = SynthDef.wrap(function, nil, [freq, (amp / loudest).sqrt.clip(0, 1)]);
			OffsetOut.ar(out, Pan2.ar(LeakDC.ar(voice) * envelope, pan, amp * level))
		})
	}

	// A drum hit: as long as it rings, whatever the note's duration.
	*prHit { |name, function, ring, place|
		^SynthDef(name, { |out = 0, freq = 440, amp = 0.1, pan = 0|
			var envelope = Env.perc(0.001, ring).kr(Done.freeSelf);
			var hit = SynthDef.wrap(function, nil, [freq]);
			OffsetOut.ar(out, Pan2.ar(hit * envelope, (pan + place).clip(-1, 1), amp))
		})
	}
}
