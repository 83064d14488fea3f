// What the server's tables say, written by tests/supercollider/tables.py: change their sources instead.
AMTTables {
	// every name of an instrument = programs / drum keys
	*instruments { ^"
piano=0 grand=0 grand_piano=0 acoustic_piano=0 pno=0 bright_piano=1 honky_tonk=3 electric_piano=4 epiano=4 ep=4 rhodes=4
keys=4 keyboard=4 wurlitzer=4 wurli=4 dx7=5 fm=5 fm_piano=5 cembalo=6 clavinet=7 clav=7 pianos=0-7 celeste=8 glock=9
vibes=11 vibe=11 vib=11 bells=14 bell=14 chimes=14 mallets=8-15 organ=16 hammond=16 b3=16 jazz_organ=17 pipe_organ=19
harmonium=20 blues_harp=22 bandoneon=23 organs=16-23 nylon_guitar=24 nylon=24 classical_guitar=24 spanish_guitar=24
ukulele=24 pluck=24 guitar=25 gtr=25 acoustic_guitar=25 steel_guitar=25 mandolin=25 jazz_guitar=26 electric_guitar=27
eguitar=27 clean_guitar=27 muted_guitar=28 overdrive=29 overdrive_guitar=29 rock_guitar=29 distortion=30 distorted_guitar=30
guitars=24-31 upright=32 upright_bass=32 walking_bass=32 bass=33 electric_bass=33 ebass=33 bass_guitar=33 finger_bass=33
fingered_bass=33 pick_bass=34 picked_bass=34 fretless=35 slap=36 slap_bass=36 synth_bass=38 bass_synth=38 acid=38 tb303=38
sub=39 sub_bass=39 basses=32-39 vln=40 vla=41 violoncello=42 vc=42 double_bass=43 string_bass=43 tremolo=44 pizzicato=45
pizz=45 harp=46 kettle_drums=47 timp=47 string_ensemble=48 string_section=48 slow_strings=49 synth_strings=50 choir=52
vocals=52 aahs=52 voice=53 vox=53 oohs=53 orchestral_hit=55 hit=55 tpt=56 tbn=57 horn=60 horns=61 horn_section=61
synth_brass=62 soprano=64 soprano_saxophone=64 alto=65 alto_saxophone=65 sax=66 saxophone=66 tenor=66 tenor_saxophone=66
bari=67 bari_sax=67 baritone=67 baritone_saxophone=67 cor_anglais=69 saxes=64-67 saxophones=64-67 woodwinds=64-79
woodwind=64-79 panpipe=75 bottle=76 square=80 square_lead=80 chiptune=80 lead=81 synth=81 saw=81 saw_lead=81 sawtooth=81
calliope=82 charang=84 voice_lead=85 fifths=86 leads=80-87 new_age=88 new_age_pad=88 pad=89 warm=89 warm_pad=89 polysynth=90
polysynth_pad=90 choir_pad=91 bowed_pad=92 glass_pad=92 metallic_pad=93 halo=94 halo_pad=94 sweep=95 sweep_pad=95 pads=88-95
rain=96 soundtrack=97 crystal=98 atmosphere=99 brightness=100 goblins=101 echoes=102 scifi=103 fx=96-103 thumb_piano=108
shehnai=111 steelpan=114 taiko=116 sfx=120-127 drums=128 drum_kit=128 drum_set=128 kit=128 drummer=128
acoustic_grand_piano=0 bright_acoustic_piano=1 electric_grand_piano=2 honky_tonk_piano=3 electric_piano_1=4
electric_piano_2=5 harpsichord=6 clavi=7 celesta=8 glockenspiel=9 music_box=10 vibraphone=11 marimba=12 xylophone=13
tubular_bells=14 dulcimer=15 drawbar_organ=16 percussive_organ=17 rock_organ=18 church_organ=19 reed_organ=20 accordion=21
harmonica=22 tango_accordion=23 acoustic_guitar_nylon=24 acoustic_guitar_steel=25 electric_guitar_jazz=26
electric_guitar_clean=27 electric_guitar_muted=28 overdriven_guitar=29 distortion_guitar=30 guitar_harmonics=31
acoustic_bass=32 electric_bass_finger=33 electric_bass_pick=34 fretless_bass=35 slap_bass_1=36 slap_bass_2=37
synth_bass_1=38 synth_bass_2=39 violin=40 viola=41 cello=42 contrabass=43 tremolo_strings=44 pizzicato_strings=45
orchestral_harp=46 timpani=47 string_ensemble_1=48 string_ensemble_2=49 synth_strings_1=50 synth_strings_2=51 choir_aahs=52
voice_oohs=53 synth_voice=54 orchestra_hit=55 trumpet=56 trombone=57 tuba=58 muted_trumpet=59 french_horn=60
brass_section=61 synth_brass_1=62 synth_brass_2=63 soprano_sax=64 alto_sax=65 tenor_sax=66 baritone_sax=67 oboe=68
english_horn=69 bassoon=70 clarinet=71 piccolo=72 flute=73 recorder=74 pan_flute=75 blown_bottle=76 shakuhachi=77 whistle=78
ocarina=79 lead_1_square=80 lead_2_sawtooth=81 lead_3_calliope=82 lead_4_chiff=83 lead_5_charang=84 lead_6_voice=85
lead_7_fifths=86 lead_8_bass_lead=87 pad_1_new_age=88 pad_2_warm=89 pad_3_polysynth=90 pad_4_choir=91 pad_5_bowed=92
pad_6_metallic=93 pad_7_halo=94 pad_8_sweep=95 fx_1_rain=96 fx_2_soundtrack=97 fx_3_crystal=98 fx_4_atmosphere=99
fx_5_brightness=100 fx_6_goblins=101 fx_7_echoes=102 fx_8_sci_fi=103 sitar=104 banjo=105 shamisen=106 koto=107 kalimba=108
bag_pipe=109 fiddle=110 shanai=111 tinkle_bell=112 agogo=113 steel_drums=114 woodblock=115 taiko_drum=116 melodic_tom=117
synth_drum=118 reverse_cymbal=119 guitar_fret_noise=120 breath_noise=121 seashore=122 bird_tweet=123 telephone_ring=124
helicopter=125 applause=126 gunshot=127 chromatic_percussion=8-15 strings=40-47 ensemble=48-55 brass=56-63 reed=64-71
pipe=72-79 synth_lead=80-87 synth_pad=88-95 synth_effects=96-103 ethnic=104-111 percussive=112-119 sound_effects=120-127
piano_family=0-7 chromatic_percussion_family=8-15 organ_family=16-23 guitar_family=24-31 bass_family=32-39
strings_family=40-47 ensemble_family=48-55 brass_family=56-63 reed_family=64-71 pipe_family=72-79 synth_lead_family=80-87
synth_pad_family=88-95 synth_effects_family=96-103 ethnic_family=104-111 percussive_family=112-119
sound_effects_family=120-127 kick=128/35,36 bass_drum=128/35,36 bd=128/35,36 snare=128/38,40 sd=128/38,40 sn=128/38,40
rimshot=128/37 rim=128/37 cross_stick=128/37 clap=128/39 cp=128/39 hihat=128/42,44,46 hat=128/42,44,46 hh=128/42,44,46
closed_hat=128/42 ch=128/42 pedal_hat=128/44 open_hat=128/46 oh=128/46 tom=128/41,43,45,47,48,50 floor_tom=128/41,43
mid_tom=128/47,48 hi_tom=128/50 cymbal=128/49,51,52,53,55,57,59 crash=128/49,57 crash_cymbal=128/49,57 ride=128/51,53,59
ride_cymbal=128/51,53,59 splash=128/55 china=128/52 tamb=128/54 bongo=128/60,61 conga=128/62-64 timbale=128/65,66
shaker=128/69,70 guiro=128/73,74 cuica=128/78,79 triangle=128/80,81 click=128/33,34 metronome=128/33,34
percussion=128/54,56,58,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81
perc=128/54,56,58,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81 metronome_click=128/33
metronome_bell=128/34 acoustic_bass_drum=128/35 bass_drum_1=128/36 side_stick=128/37 acoustic_snare=128/38 hand_clap=128/39
electric_snare=128/40 low_floor_tom=128/41 closed_hi_hat=128/42 high_floor_tom=128/43 pedal_hi_hat=128/44 low_tom=128/45
open_hi_hat=128/46 low_mid_tom=128/47 hi_mid_tom=128/48 crash_cymbal_1=128/49 high_tom=128/50 ride_cymbal_1=128/51
chinese_cymbal=128/52 ride_bell=128/53 tambourine=128/54 splash_cymbal=128/55 cowbell=128/56 crash_cymbal_2=128/57
vibraslap=128/58 ride_cymbal_2=128/59 hi_bongo=128/60 low_bongo=128/61 mute_hi_conga=128/62 open_hi_conga=128/63
low_conga=128/64 high_timbale=128/65 low_timbale=128/66 high_agogo=128/67 low_agogo=128/68 cabasa=128/69 maracas=128/70
short_whistle=128/71 long_whistle=128/72 short_guiro=128/73 long_guiro=128/74 claves=128/75 hi_wood_block=128/76
low_wood_block=128/77 mute_cuica=128/78 open_cuica=128/79 mute_triangle=128/80 open_triangle=128/81
" }

	// name, text, example, and each value's name, type, lowest, highest, choices, \repeated or \optional
	*keys { ^#[
		[\tempo, "the tempo the model hears", "120", [[\tempo, \float, 40, 240, nil, nil]]],
		[\meter, "the time signature; a beat of 480 ticks stays a quarter note", "7 8", [[\beats, \int, 1, 16, nil, nil], [\unit, \int, nil, nil, [2, 4, 8, 16], nil]]],
		[\instruments, "who plays; none named: whom the model likes", "piano bass drums", [[\instrument, \str, 1, 64, nil, \repeated]]],
		[\mute, "who pauses; none named: nobody", "drums", [[\instrument, \str, 1, 64, nil, \repeated]]],
		[\solo, "who alone plays; none named: everybody", "bass drums", [[\instrument, \str, 1, 64, nil, \repeated]]],
		[\density, "notes per bar; 0.5 is what such a band usually plays", "0.8", [[\density, \float, 0, 1, nil, nil]]],
		[\temperature, "how daring; 1 is the model's own", "1.1", [[\temperature, \float, 0.1, 2, nil, nil]]],
		[\top_p, "leave out the least likely 1 - top_p", "0.95", [[\top_p, \float, 0.1, 1, nil, nil]]],
		[\key, "the key all pitched notes stay in; two empty strings, or \"\" \"\", free it", "d dorian", [[\tonic, \str, 0, 16, nil, nil], [\scale, \str, 0, 64, nil, nil]]],
		[\range, "the lowest and highest note of one instrument; 0 127 frees it", "bass 28 52", [[\name, \str, 1, 64, nil, nil], [\low, \int, 0, 127, nil, nil], [\high, \int, 0, 127, nil, nil]]],
		[\polyphony, "notes that may sound at once, of one instrument or of all; 64 frees it", "bass 1", [[\instrument, \str, 1, 64, nil, \optional], [\notes, \int, 1, 64, nil, nil]]],
		[\subdivision, "the grid: 4 sixteenths, 3 triplets, 8 thirty-seconds, 0 free", "4", [[\steps, \int, nil, nil, [0, 1, 2, 3, 4, 6, 8, 12], nil]]],
		[\swing, "how late the off-beats fall; 1 is the triplet feel", "0.3", [[\swing, \float, 0, 1, nil, nil]]],
		[\humanize, "small deviations of time and touch", "0.2", [[\humanize, \float, 0, 1, nil, nil]]],
		[\horizon, "how many bars are composed ahead", "8", [[\bars, \int, 1, 32, nil, nil]]],
		[\seed, "the same seed and steering give the same music", "7", [[\seed, \int, 0, 2147483647, nil, nil]]]
	] }

	*scales { ^"
major minor dorian phrygian lydian mixolydian locrian harmonic_minor melodic_minor harmonic_major phrygian_dominant
lydian_dominant altered hungarian_minor double_harmonic major_pentatonic minor_pentatonic blues major_blues whole_tone
diminished half_whole_diminished augmented chromatic maj ionian min aeolian natural_minor harmonic melodic melodic_minor_asc
jazz_minor pentatonic major_pent minor_pent minor_blues blues_minor blues_major whole octatonic whole_half_diminished
dominant_diminished super_locrian byzantine spanish free
" }

	*maxBars { ^64 }

	*maxValues { ^64 }
}
