# Endless bars of music from a midinfinite-osc server, in Sonic Pi (3.2 and later). The functions are there at once after
# `midinfinite-osc clients install sonic-pi`; without it, begin a buffer with eval_file "/path/to/sonic_pi/amt.rb".
#
#   amt_instruments :piano, :bass, :drums
#   live_loop(:amt) { amt_play amt_next }
#
# What the classes below keep to: nothing waits for the server without end: bars lie in Time State and are read with `get`,
# so a silent server never stops a loop. Nothing but the beats of a bar moves virtual time. Nothing of yours is changed: no
# use_osc, use_bpm (but in a loop of its own), use_synth, use_random_seed, set or cue, and the random streams of your
# threads stay as they are.

# Who can play, and what that sounds like here. Knows instrument names, synths and samples, but no network.
class AmtBand
  # Tables written by write_tables.py; change their sources instead.
  # every name without case, spaces and punctuation = programs / drum keys
  NAMES ||= <<-TABLE
    aahs=52 accordion=21 acid=38 acousticbass=32 acousticbassdrum=128/35 acousticgrandpiano=0 acousticguitar=25
    acousticguitarnylon=24 acousticguitarsteel=25 acousticpiano=0 acousticsnare=128/38 agogo=113 alto=65 altosax=65
    altosaxophone=65 applause=126 atmosphere=99 b3=16 bagpipe=109 bandoneon=23 banjo=105 bari=67 barisax=67 baritone=67
    baritonesax=67 baritonesaxophone=67 bass=33 bassdrum=128/35,36 bassdrum1=128/36 basses=32-39 bassfamily=32-39
    bassguitar=33 bassoon=70 basssynth=38 bd=128/35,36 bell=14 bells=14 birdtweet=123 blownbottle=76 bluesharp=22
    bongo=128/60,61 bottle=76 bowedpad=92 brass=56-63 brassfamily=56-63 brasssection=61 breathnoise=121
    brightacousticpiano=1 brightness=100 brightpiano=1 cabasa=128/69 calliope=82 celesta=8 celeste=8 cello=42 cembalo=6
    ch=128/42 charang=84 chimes=14 china=128/52 chinesecymbal=128/52 chiptune=80 choir=52 choiraahs=52 choirpad=91
    chromaticpercussion=8-15 chromaticpercussionfamily=8-15 churchorgan=19 clap=128/39 clarinet=71 classicalguitar=24 clav=7
    claves=128/75 clavi=7 clavinet=7 cleanguitar=27 click=128/33,34 closedhat=128/42 closedhihat=128/42 conga=128/62-64
    contrabass=43 coranglais=69 cowbell=128/56 cp=128/39 crash=128/49,57 crashcymbal=128/49,57 crashcymbal1=128/49
    crashcymbal2=128/57 crossstick=128/37 crystal=98 cuica=128/78,79 cymbal=128/49,51,52,53,55,57,59 distortedguitar=30
    distortion=30 distortionguitar=30 doublebass=43 drawbarorgan=16 drumkit=128 drummer=128 drums=128 drumset=128
    dulcimer=15 dx7=5 ebass=33 echoes=102 eguitar=27 electricbass=33 electricbassfinger=33 electricbasspick=34
    electricgrandpiano=2 electricguitar=27 electricguitarclean=27 electricguitarjazz=26 electricguitarmuted=28
    electricpiano=4 electricpiano1=4 electricpiano2=5 electricsnare=128/40 englishhorn=69 ensemble=48-55
    ensemblefamily=48-55 ep=4 epiano=4 ethnic=104-111 ethnicfamily=104-111 fiddle=110 fifths=86 fingerbass=33
    fingeredbass=33 floortom=128/41,43 flute=73 fm=5 fmpiano=5 frenchhorn=60 fretless=35 fretlessbass=35 fx=96-103
    fx1rain=96 fx2soundtrack=97 fx3crystal=98 fx4atmosphere=99 fx5brightness=100 fx6goblins=101 fx7echoes=102 fx8scifi=103
    glasspad=92 glock=9 glockenspiel=9 goblins=101 grand=0 grandpiano=0 gtr=25 guiro=128/73,74 guitar=25 guitarfamily=24-31
    guitarfretnoise=120 guitarharmonics=31 guitars=24-31 gunshot=127 halo=94 halopad=94 hammond=16 handclap=128/39
    harmonica=22 harmonium=20 harp=46 harpsichord=6 hat=128/42,44,46 helicopter=125 hh=128/42,44,46 hibongo=128/60
    highagogo=128/67 highfloortom=128/43 hightimbale=128/65 hightom=128/50 hihat=128/42,44,46 himidtom=128/48 hit=55
    hitom=128/50 hiwoodblock=128/76 honkytonk=3 honkytonkpiano=3 horn=60 horns=61 hornsection=61 jazzguitar=26 jazzorgan=17
    kalimba=108 kettledrums=47 keyboard=4 keys=4 kick=128/35,36 kit=128 koto=107 lead=81 lead1square=80 lead2sawtooth=81
    lead3calliope=82 lead4chiff=83 lead5charang=84 lead6voice=85 lead7fifths=86 lead8basslead=87 leads=80-87
    longguiro=128/74 longwhistle=128/72 lowagogo=128/68 lowbongo=128/61 lowconga=128/64 lowfloortom=128/41 lowmidtom=128/47
    lowtimbale=128/66 lowtom=128/45 lowwoodblock=128/77 mallets=8-15 mandolin=25 maracas=128/70 marimba=12 melodictom=117
    metallicpad=93 metronome=128/33,34 metronomebell=128/34 metronomeclick=128/33 midtom=128/47,48 musicbox=10
    mutecuica=128/78 mutedguitar=28 mutedtrumpet=59 mutehiconga=128/62 mutetriangle=128/80 newage=88 newagepad=88 nylon=24
    nylonguitar=24 oboe=68 ocarina=79 oh=128/46 oohs=53 opencuica=128/79 openhat=128/46 openhiconga=128/63 openhihat=128/46
    opentriangle=128/81 orchestrahit=55 orchestralharp=46 orchestralhit=55 organ=16 organfamily=16-23 organs=16-23
    overdrive=29 overdriveguitar=29 overdrivenguitar=29 pad=89 pad1newage=88 pad2warm=89 pad3polysynth=90 pad4choir=91
    pad5bowed=92 pad6metallic=93 pad7halo=94 pad8sweep=95 pads=88-95 panflute=75 panpipe=75 pedalhat=128/44
    pedalhihat=128/44 perc=128/54,56,58,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81
    percussion=128/54,56,58,60,61,62,63,64,65,66,67,68,69,70,71,72,73,74,75,76,77,78,79,80,81 percussive=112-119
    percussivefamily=112-119 percussiveorgan=17 piano=0 pianofamily=0-7 pianos=0-7 piccolo=72 pickbass=34 pickedbass=34
    pipe=72-79 pipefamily=72-79 pipeorgan=19 pizz=45 pizzicato=45 pizzicatostrings=45 pluck=24 pno=0 polysynth=90
    polysynthpad=90 rain=96 recorder=74 reed=64-71 reedfamily=64-71 reedorgan=20 reversecymbal=119 rhodes=4
    ride=128/51,53,59 ridebell=128/53 ridecymbal=128/51,53,59 ridecymbal1=128/51 ridecymbal2=128/59 rim=128/37
    rimshot=128/37 rockguitar=29 rockorgan=18 saw=81 sawlead=81 sawtooth=81 sax=66 saxes=64-67 saxophone=66 saxophones=64-67
    scifi=103 sd=128/38,40 seashore=122 sfx=120-127 shaker=128/69,70 shakuhachi=77 shamisen=106 shanai=111 shehnai=111
    shortguiro=128/73 shortwhistle=128/71 sidestick=128/37 sitar=104 slap=36 slapbass=36 slapbass1=36 slapbass2=37
    slowstrings=49 sn=128/38,40 snare=128/38,40 soprano=64 sopranosax=64 sopranosaxophone=64 soundeffects=120-127
    soundeffectsfamily=120-127 soundtrack=97 spanishguitar=24 splash=128/55 splashcymbal=128/55 square=80 squarelead=80
    steeldrums=114 steelguitar=25 steelpan=114 stringbass=43 stringensemble=48 stringensemble1=48 stringensemble2=49
    strings=40-47 stringsection=48 stringsfamily=40-47 sub=39 subbass=39 sweep=95 sweeppad=95 synth=81 synthbass=38
    synthbass1=38 synthbass2=39 synthbrass=62 synthbrass1=62 synthbrass2=63 synthdrum=118 syntheffects=96-103
    syntheffectsfamily=96-103 synthlead=80-87 synthleadfamily=80-87 synthpad=88-95 synthpadfamily=88-95 synthstrings=50
    synthstrings1=50 synthstrings2=51 synthvoice=54 taiko=116 taikodrum=116 tamb=128/54 tambourine=128/54 tangoaccordion=23
    tb303=38 tbn=57 telephonering=124 tenor=66 tenorsax=66 tenorsaxophone=66 thumbpiano=108 timbale=128/65,66 timp=47
    timpani=47 tinklebell=112 tom=128/41,43,45,47,48,50 tpt=56 tremolo=44 tremolostrings=44 triangle=128/80,81 trombone=57
    trumpet=56 tuba=58 tubularbells=14 ukulele=24 upright=32 uprightbass=32 vc=42 vib=11 vibe=11 vibes=11 vibraphone=11
    vibraslap=128/58 viola=41 violin=40 violoncello=42 vla=41 vln=40 vocals=52 voice=53 voicelead=85 voiceoohs=53 vox=53
    walkingbass=32 warm=89 warmpad=89 whistle=78 woodblock=115 woodwind=64-79 woodwinds=64-79 wurli=4 wurlitzer=4
    xylophone=13
  TABLE
  # what amt_set takes: name, type, allowed values
  KEYS ||= {
    tempo: [["tempo", :f, (40..240)]],
    meter: [["beats", :i, (1..16)], ["unit", :i, [2, 4, 8, 16]]],
    instruments: [["instrument", :s, (1..64), :repeated]],
    mute: [["instrument", :s, (1..64), :repeated]],
    solo: [["instrument", :s, (1..64), :repeated]],
    density: [["density", :f, (0..1)]],
    temperature: [["temperature", :f, (0.1..2)]],
    top_p: [["top_p", :f, (0.1..1)]],
    key: [["tonic", :s, (0..16)], ["scale", :s, (0..64)]],
    range: [["name", :s, (1..64)], ["low", :i, (0..127)], ["high", :i, (0..127)]],
    polyphony: [["instrument", :s, (1..64), :optional], ["notes", :i, (1..64)]],
    subdivision: [["steps", :i, [0, 1, 2, 3, 4, 6, 8, 12]]],
    swing: [["swing", :f, (0..1)]],
    humanize: [["humanize", :f, (0..1)]],
    horizon: [["bars", :i, (1..32)]],
    seed: [["seed", :i, (0..2147483647)]]
  }.freeze
  # End of the tables.

  DRUMS ||= 128
  FAMILIES ||= %i[piano chromatic_percussion organ guitar bass strings ensemble brass reed pipe synth_lead synth_pad
                  synth_effects ethnic percussive sound_effects].freeze

  # family: synths, best first (older versions lack some), then opts. amp multiplies.
  SYNTHS ||= {
    piano: [:piano, {amp: 1.2, release: 0.3}],
    chromatic_percussion: [:kalimba, :pretty_bell, {amp: 0.4, release: 0.6}],
    organ: [:organ_tonewheel, :tri, {amp: 0.4, attack: 0.01, release: 0.08}],
    guitar: [:pluck, {amp: 0.9, release: 0.3}],
    bass: [:bass_foundation, :fm, {amp: 0.6, release: 0.1}],
    strings: [:blade, {amp: 0.5, attack: 0.05, release: 0.2}],
    ensemble: [:hollow, {amp: 1.2, attack: 0.08, release: 0.3}],
    brass: [:saw, {amp: 0.3, attack: 0.03, release: 0.1, cutoff: 90}],
    reed: [:pulse, {amp: 0.25, attack: 0.02, release: 0.1, cutoff: 90}],
    pipe: [:sine, :beep, {amp: 0.5, attack: 0.04, release: 0.1}],
    synth_lead: [:dsaw, :saw, {amp: 0.3, release: 0.1, cutoff: 100}],
    synth_pad: [:prophet, {amp: 0.4, attack: 0.2, release: 0.5, cutoff: 80}],
    synth_effects: [:dark_ambience, {amp: 0.8, attack: 0.1, release: 0.5}],
    ethnic: [:pluck, {amp: 0.9, release: 0.2}],
    percussive: [:dull_bell, {amp: 0.4, release: 0.2}],
    sound_effects: [:cnoise, {amp: 0.1, attack: 0.05, release: 0.3, cutoff: 90}]
  }.freeze

  # drum keys: sample, rate, amp. Keys that stand nowhere get OTHER_KEYS.
  KIT ||= {
    [35] => [:bd_fat, 1, 2], [36] => [:bd_haus, 1, 1.5], [37] => [:drum_snare_soft, 2, 0.8], [38] => [:drum_snare_hard, 1, 1],
    [39] => [:perc_snap, 1, 1], [40] => [:sn_dub, 1, 1], [41] => [:drum_tom_lo_hard, 0.8, 1], [43] => [:drum_tom_lo_hard, 0.9, 1],
    [45] => [:drum_tom_lo_hard, 1, 1], [47] => [:drum_tom_mid_hard, 1, 1], [48] => [:drum_tom_mid_hard, 1.1, 1],
    [50] => [:drum_tom_hi_hard, 1, 1], [42] => [:drum_cymbal_closed, 1, 0.8], [44] => [:drum_cymbal_pedal, 1, 0.8],
    [46] => [:drum_cymbal_open, 1, 0.6], [49, 57] => [:drum_cymbal_hard, 1, 0.6], [52] => [:drum_cymbal_hard, 0.8, 0.6],
    [51, 59] => [:drum_cymbal_soft, 1, 0.7], [53] => [:elec_bell, 2, 0.3], [55] => [:drum_splash_hard, 1, 0.6],
    [54, 69, 70, 82] => [:drum_cymbal_closed, 2, 0.5], [56] => [:drum_cowbell, 1, 0.6], [58] => [:perc_till, 1, 0.5],
    [60, 62] => [:tabla_te1, 1.2, 1], [61, 63] => [:tabla_tun1, 1, 0.8], [64] => [:tabla_ghe2, 1, 0.8],
    [65] => [:elec_hi_snare, 1, 0.7], [66] => [:elec_lo_snare, 1, 0.7], [67] => [:elec_bong, 1.5, 0.7], [68] => [:elec_bong, 1, 0.7],
    [71, 72] => [:elec_beep, 2, 0.3], [73, 74] => [:vinyl_scratch, 1, 0.5], [75] => [:elec_wood, 1.6, 0.7],
    [76] => [:elec_wood, 1.2, 0.7], [77] => [:elec_wood, 1, 0.7], [78, 79] => [:elec_blup, 1.5, 0.5], [80, 81] => [:elec_triangle, 1, 0.5]
  }.flat_map { |keys, sound| keys.map { |key| [key, sound] } }.to_h.freeze
  OTHER_KEYS ||= [:elec_tick, 1, 0.4].freeze

  # [programs, drum keys or nil] that a name, symbol or number stands for; the server's rule, without the weight.
  def self.find(name)
    @found ||= NAMES.split.map { |entry| entry.split("=") }.to_h
    spoken = name.to_s.sub(/\A:/, "").split(":").first.to_s
    return [[spoken.to_i], nil] if spoken =~ /\A\s*\d+\s*\z/ && spoken.to_i <= DRUMS
    form = spoken.unicode_normalize(:nfkd).downcase.gsub(/[^[:alnum:]]|\p{Mn}/, "")
    found = [form, form.chomp("s"), form + "s", form.chomp("es")].find { |one| @found.key?(one) }
    return @found[found].split("/").map { |numbers| expand(numbers) }.values_at(0, 1) if found
    raise ArgumentError, "AMT: no instrument is called #{name.inspect}. Families: #{FAMILIES.join(', ')}, drums. Everyday and " \
                         "General MIDI names work too, such as rhodes, upright_bass, trumpet, kick or #{near(form).join(', ')}."
  end

  def self.near(form)
    alike = @found.keys.select { |one| one[0, 3] == form[0, 3] }.first(4)
    alike.empty? ? %w[snare hihat] : alike
  end

  def self.expand(numbers)
    numbers.split(",").flat_map { |part| first, last = part.split("-").map(&:to_i); (first..(last || first)).to_a }
  end

  # A test of notes: does one of these names play it? Everybody does when there are none.
  def self.players(names)
    wanted = Array(names).map { |name| find(name) }
    ->(note) { wanted.empty? || wanted.any? { |found| among?(found, note) } }
  end

  def self.among?(found, note)
    programs, keys = found
    programs.include?(note[:program]) && (keys.nil? || keys.include?(note[:note]))
  end

  # Does what one name stands for play a note of what the other stands for?
  def self.meet?(one, other)
    programs, keys = find(one).zip(find(other)).map { |mine, theirs| mine && theirs ? mine & theirs : [mine, theirs].compact[0] }
    programs.any? && (keys.nil? || keys.any?)
  end

  # A test of bars: do they hold what amt_play needs?
  def self.bar?(bar)
    bar.respond_to?(:key?) && bar[:beats].is_a?(Numeric) && bar[:beats] > 0 && bar[:beats].to_f.finite? &&
      bar[:notes].respond_to?(:all?) && bar[:notes].all? do |note|
        note.respond_to?(:key?) && note.values_at(:at, :note, :sustain, :amp, :program).all? { |value| value.is_a?(Numeric) }
      end
  end

  def initialize(synths, samples, fx)
    @synths, @samples, @fx = [synths, samples, fx].map { |names| names.to_a.map(&:to_sym) }
    @map, @channels = [], {}
  end

  # Adds overrides; see amt_map. The latest one that fits a note holds; opts alone lie above the sound that they change.
  def override(map)
    added = checked(map)
    kept = @map.reject { |found, old| added.any? { |one, new| one == found && (new.nil? || new[:kind] || !old[:kind]) } }
    @map = (added + kept).select { |_, sound| sound }
  end

  # [[programs, keys], sound] of every override in a map; a sound as in `sound`, without kind when it is opts alone.
  def checked(map)
    raise ArgumentError, "AMT: map: takes a hash such as {bass: :tb303}, not #{map.inspect}" unless map.respond_to?(:to_hash)
    map.to_hash.map { |name, sound| [AmtBand.find(name), sound && read(sound)] }.reverse
  end

  # A chain of FX, [[name, opts], ...]: from a name, [name, {opts}] or several of these in an array.
  def chain(fx)
    chain = []
    [fx].flatten.compact.each do |part|
      next if part == :none
      if part.respond_to?(:to_hash) && chain.any?
        chain.last[1] = part.to_hash
      elsif !part.respond_to?(:to_hash) && @fx.include?(part.to_s.to_sym)
        chain << [part.to_s.to_sym, {}]
      else
        raise ArgumentError, "AMT: #{part.inspect} is no FX. FX: #{@fx.join(', ')}. With opts: fx: [:reverb, {mix: 0.5}]; " \
                             "several: fx: [[:distortion, {mix: 0.2}], :echo]"
      end
    end
    chain
  end

  # {kind: :synth, :sample, :midi or :call, what:, opts:, fx:} of a note; `first` are overrides that come before the band's own.
  def sound(note, first = [])
    fitting = (first + @map).select { |wanted, _| AmtBand.among?(wanted, note) }.map(&:last)
    changes = fitting.take_while { |sound| !sound[:kind] }
    changes.reverse.inject(fitting[changes.length] || usual(note)) do |own, change|
      opts = own[:opts].merge(change[:opts]) { |key, one, other| key == :amp ? one * other : other }
      own.merge(fx: change[:fx].empty? ? own[:fx] : change[:fx], opts: opts)
    end
  end

  # [channel, is it new?] of a program's MIDI channel at a port: drums have 10, the others one each as they come.
  def channel(program, port = nil)
    return [10, false] if program == DRUMS
    taken = @channels[port] ||= {}
    return [taken[program], false] if taken[program]
    free = [*1..9, *11..16] - taken.values
    free << taken.delete(taken.keys.first) if free.empty?
    [taken[program] = free.first, true]
  end

  private

  def read(sound)
    return {kind: :call, what: sound, opts: {}, fx: []} if sound.respond_to?(:call)
    what, opts = sound.respond_to?(:to_hash) ? [nil, sound] : [*sound]
    what = what.to_sym if what.is_a?(String)
    unless (opts ||= {}).respond_to?(:to_hash)
      raise ArgumentError, "AMT: a sound's opts are a hash, as in [:tb303, {cutoff: 70}], not #{opts.inspect}"
    end
    opts = opts.to_hash
    kind = {midi: :midi, nil => nil}.fetch(what) { @synths.include?(what) ? :synth : @samples.include?(what) ? :sample : :none }
    if kind == :none
      raise ArgumentError, "AMT: #{what.inspect} is no synth and no sample. Synths: #{@synths.join(', ')}. Samples: see " \
                           "all_sample_names. :midi, opts alone ({amp: 0.5, fx: :reverb}) and a lambda that takes a note work too."
    end
    {kind: kind, what: what, opts: opts.reject { |key, _| key == :fx }, fx: chain(opts[:fx])}
  end

  # What a note sounds like when nothing else was said.
  def usual(note)
    if note[:program] == DRUMS
      what, rate, amp = KIT.fetch(note[:note], OTHER_KEYS)
      {kind: :sample, what: @samples.include?(what) ? what : :elec_tick, opts: {rate: rate, amp: amp}, fx: []}
    else
      *candidates, opts = SYNTHS.fetch(FAMILIES[note[:program] / 8])
      {kind: :synth, what: candidates.find { |one| @synths.include?(one) } || :beep, opts: opts, fx: []}
    end
  end
end

# One session on one server: what it sent, where each stream stands, what it was asked to do. Knows no instruments.
# A stream is {cursor: next bar, recent: bars to repeat, missed: bars missing in a row, ...}.
class AmtLink
  SLOTS ||= 16   # addresses that bars arrive at, so that Time State stays bounded
  AHEAD ||= 4    # bars asked for in advance
  MEMORY ||= 4   # bars repeated while the server is silent
  PARTS ||= 64   # messages of one bar that are looked through
  LEASE ||= 25   # seconds after which a server that heard nothing may have stopped sending
  PATIENCE ||= 2 # seconds in which an answer comes or is lost
  REFUSALS ||= %w[unknown-key type range name].freeze # codes of errors that answer a setting

  attr_reader :host, :port, :session, :missed

  def initialize(sonic_pi, host, port, session)
    @sonic_pi, @host, @port, @session = sonic_pi, host, port, session
    @streams, @settings, @seen, @born, @beats = {}, {}, {}, Time.now.to_f, 4.0
    @agreed, @asked, @missed = {}, [], []
  end

  def inspect
    "#<AmtLink #{@host}:#{@port} #{@session}>"
  end

  def to_s
    "session #{@session} at #{@host}:#{@port}"
  end

  def same?(host, port, session)
    [@host, @port, @session] == [host, port, session]
  end

  def stream(name)
    @streams[name] ||= {name: name, cursor: nil, recent: [], missed: 0, ahead: AHEAD, bpm: nil, due: Time.now}
  end

  def tell(address, *values)
    @sonic_pi.with_osc_logging(false) do
      @sonic_pi.with_real_time { @sonic_pi.osc_send(@host, @port, "/amt/#{address}", *values) }
    end
  end

  def hello
    @greeting = Time.now
    tell("hello", "sonic-pi", @session, SLOTS)
  end

  def steer
    @settings.to_a.each { |subject, setting| ask(subject, setting) } # a copy: other threads may add to it meanwhile
  end

  # Steers at once, and again, in the same order, when a server starts later or starts anew.
  def set(key, values)
    of_each = %w[range polyphony].include?(key) && values.first.is_a?(String)
    subject = of_each ? [key, values.first] : [key]
    keep(subject, setting = [key, *values])
    ask(subject, setting) if @greeted
  end

  def keep(subject, setting)
    @settings = @settings.reject { |known, _| known == subject }
    @settings = @settings.merge(subject => setting) if setting
  end

  def ask(subject, setting, how = "set")
    @asked << [subject, setting, Time.now.to_f]
    tell(how, *setting)
  end

  # The names of who is set to play, none where the model chooses; nil where the server says nothing for a second.
  def band
    asked = Time.now.to_f
    ask(nil, ["instruments"], "get")
    names = listen(1.0) { since("set.reply", asked).map(&:first).find { |key, *| key == "instruments" } }.pop
    names && names.drop(1).map { |name| name.dup.force_encoding("UTF-8").split(":")[0] } # without weights
  end

  # Has the server had its say on all that was set?
  def settled?
    greeted? && @asked.empty?
  end

  # Once each setting has its answer: in place of one that was refused holds what was agreed on before. Answers come in the
  # order of the questions; where they don't fit, since something else was refused or lost, nothing is forgotten.
  def judge
    asked = @asked.dup
    return if asked.empty?
    answers = since("set.reply", asked[0][2]) + since("error", asked[0][2]).select { |values, _| REFUSALS.include?(values[1]) }
    return if @asked != asked # something was set meanwhile, or another thread has judged
    if answers.length < asked.length
      @asked.shift while @asked.any? && Time.now.to_f - @asked[0][2] > PATIENCE
      return
    end
    @asked = []
    keys = answers.sort_by(&:last).map { |values, _| values[0] unless values[0].is_a?(Integer) } # an error begins with an id
    return unless asked.zip(keys).all? { |(_, setting, _), key| key.nil? || key == setting[0] } && keys.length == asked.length
    asked.zip(keys) do |(subject, setting, _), key|
      next unless subject # asked, not set
      @agreed = @agreed.merge(subject => setting) if key
      keep(subject, @agreed[subject]) if key.nil? && @settings[subject].equal?(setting)
    end
  end

  def tune(stream, bpm)
    return if stream[:bpm] == bpm
    stream[:bpm] = bpm
    set("tempo", [[[bpm.to_f, 40.0].max, 240.0].min])
  end

  # The latest message at an address before a time (now), [values, seconds], or nil. Some versions of Sonic Pi have times as
  # Time, others as numbers: all become seconds.
  def heard(address, before = nil)
    path = "/osc*:#{@port}/amt/#{address}"
    event = before ? back(before - 1e-6) { @sonic_pi.get_event(path) } : @sonic_pi.get_event(path)
    event && [event.val.to_a, event.time.to_f]
  end

  # What the block finds at an earlier time. A thread that follows Link or a MIDI clock (4.x) warps to beats, which are rounded
  # to 32 bits on the way to that clock: too coarse to tell messages apart. There a thread of its own looks, at a plain bpm.
  def back(time, &look)
    found = nil
    warp = -> { @sonic_pi.time_warp((time - @sonic_pi.current_time.to_f) / @sonic_pi.bt(1)) { found = look.call } }
    unless clocked?
      warp.call
      return found
    end
    done = Queue.new
    @sonic_pi.in_thread(seed: 0) do
      @sonic_pi.with_bpm(60) { warp.call }
    ensure
      done << true
    end
    done.pop
    found
  end

  def clocked?
    @sonic_pi.respond_to?(:current_bpm_mode) && !@sonic_pi.current_bpm_mode.is_a?(Numeric)
  end

  # All messages at an address after a time, oldest first, as in `heard`.
  def since(address, time)
    found, event = [], heard(address)
    while event && event[1] > time && (found.empty? || event[1] < found[0][1])
      found.unshift(event)
      event = heard(address, event[1])
    end
    found
  end

  # The values of all answers at an address that nobody has looked at, oldest first.
  def news(address)
    came = since(address, @seen[address] || @born)
    came = came.select { |_, time| time > (@seen[address] || @born) } # another thread may have looked meanwhile
    @seen[address] = came.last[1] if came.any?
    came.map(&:first)
  end

  # The values of the latest answer at an address, once; nil when nothing new came.
  def fresh(address)
    values, time = heard(address)
    return unless values && time > (@seen[address] || @born)
    @seen[address] = time
    values
  end

  # Has the server answered our hello? Nothing counts before: older slots may hold another session's bars.
  def greeted?
    answer = fresh("hello.reply")
    if answer && answer[3].to_s.b == @session.b
      steer unless @greeted
      @greeted ||= @seen["hello.reply"]
      @next_bar = answer[4]
    end
    !!@greeted
  end

  # After a long pause what lies in Time State may be out of date: ask anew, and go on where the piece is.
  def resume
    return unless @said && Time.now - @said > LEASE
    @greeted = @present = @wanted = @said = nil
    @streams.clear
    hello
  end

  # The bar at a stream's cursor, or nil while it is not here. `now` is the time of the thread that plays it.
  def here(stream, now = @sonic_pi.current_time.to_f)
    return unless greeted?
    join(stream, now) unless stream[:cursor] && !left_behind?(stream)
    stream[:cursor] = @next_bar if stream[:missed] > 0 && @next_bar > stream[:cursor]
    bar(stream[:cursor])
  end

  # The bar of this number in Time State, or nil: the newest revision of which all parts have come. Parts come one after the
  # other at one address, so that all but the last one lie in the past.
  def bar(number)
    found, before = Hash.new { |all, version| all[version] = {} }, nil
    PARTS.times do
      values, before = heard("bar/#{number % SLOTS}", before)
      return unless values && before >= @greeted && values[0] == number
      _, revision, part, parts, ticks, count, *flat = values
      next unless count && flat.length == 5 * count
      whole = found[[revision, parts]]
      whole[part] ||= flat
      return decoded(number, ticks, whole.sort.flat_map(&:last)) if whole.length == parts
    end
    nil
  end

  def decoded(number, ticks, flat)
    notes = flat.each_slice(5).map do |onset, duration, pitch, velocity, program|
      {at: onset / 480.0, note: pitch, sustain: duration / 480.0, amp: velocity / 127.0, program: program}
    end
    {n: number, beats: ticks / 480.0, notes: notes}
  end

  # A new stream begins where the music is: with the others' bar if that begins just now, else with the one after it.
  def join(stream, now)
    index, time = @present
    stream[:cursor] = index ? (now - time < 0.01 ? index : index + 1) : @next_bar
    want
  end

  # Did the other streams go on so far that its next bar has been overwritten?
  def left_behind?(stream)
    @present && stream[:cursor] < @present[0] - (SLOTS - AHEAD)
  end

  # To be said at every bar: clock, acknowledgement and keep-alive, for all streams that are being played. The same twice
  # running asks for everything again: for when the next bar, asked for before, has not come.
  def want
    cursors = playing.map { |stream| stream.values_at(:cursor, :ahead) }.select(&:first)
    return if cursors.empty?
    from = cursors.map(&:first).min
    wanted = [from, [cursors.map(&:sum).max - from, SLOTS].min]
    return if wanted == @wanted && Time.now - @said < LEASE / 3
    awaited = @wanted && from < @wanted.sum
    @wanted, @said = wanted, Time.now
    tell("want", *wanted)
    tell("want", *wanted) if awaited && greeted? && !bar(from)
  end

  # The streams that have not missed their turn, which a stopped loop does.
  def playing
    @streams.values.select { |stream| stream[:due] > Time.now }
  end

  # Says when a stream's turn comes next: after so many bars, and half as many for good measure.
  def expect(stream, bars)
    stream[:due] = Time.now + 1.5 * bars * @beats * 60 / stream[:bpm]
  end

  # Begins anew with a server that has lost something, perhaps all: it may have been restarted.
  def rejoin
    hello
    steer if @greeted
    @wanted = nil
    want
  end

  # The stream's next bar, always: the one at the cursor, which moves on, or else one of the last ones again, or a rest.
  def take(stream)
    expect(stream, 1)
    bar = here(stream)
    if bar
      @sonic_pi.puts "AMT: new bars again." if @complained
      @complained = nil
      @present = [bar[:n], @sonic_pi.current_time.to_f]
      @beats = bar[:beats]
      stream[:cursor] += 1
      stream[:missed] = 0
      stream[:recent] = [*stream[:recent], bar].last(MEMORY)
    else
      complain(stream)
      rejoin
      recent = stream[:recent]
      bar = recent[stream[:missed] % recent.size] unless recent.empty?
      stream[:missed] += 1
    end
    errors
    bar || {n: nil, beats: @beats, notes: []}
  end

  # The piece begins again: what was asked for is another bar now.
  def anew
    @wanted = nil
    want
  end

  # A bar that amt_play takes when its turn comes.
  def later(name)
    {n: nil, beats: @beats, notes: [], later: name}
  end

  def errors
    judge
    news("error").uniq.each do |_id, code, text|
      case code
      when "starting" then prepares(text)
      when "hello" then rejoin
      when "past" then hello
      else @sonic_pi.puts "AMT: #{text}"
      end
    end
  end

  # One message, too, while the server compiles or loads its model: nothing that was asked is wrong.
  def prepares(text)
    @sonic_pi.puts "AMT: the server at #{@host}:#{@port} is #{text[/[^;]*/]}. Loops keep time and join in by themselves." unless @complained
    @complained = true
    @prepared = Time.now
  end

  # What was asked for by hand, once, has had no answer.
  def unanswered
    return complain unless greeted?
    return if @prepared && Time.now - @prepared < 2
    @sonic_pi.puts "AMT: no answer from #{@host}:#{@port}. Is midinfinite-osc still running? What you set is told again " \
                   "when it answers."
  end

  # One message for each time the server is gone.
  def complain(stream = nil)
    errors unless @complained
    return if @complained || (@greeted && (stream.nil? || stream[:recent].empty?))
    @complained = true
    @sonic_pi.puts(
      if @greeted
        "AMT: no new bar from #{@host}:#{@port}. The last ones repeat until it answers. Is midinfinite-osc still running?"
      else
        "AMT: no server at #{@host}:#{@port}. Start one with: midinfinite-osc serve. Loops keep time and join in when it answers."
      end
    )
  end

  # Asks the block every 30 ms of real time, in a thread of its own, until it gives something; a queue that gets that or nil.
  # The caller's virtual time stands still meanwhile, and `get` sees no later than virtual now: hence the thread.
  def listen(seconds)
    answer = Queue.new
    @sonic_pi.in_thread(seed: 0) do
      found = nil
      begin
        deadline = @sonic_pi.current_time.to_f + seconds
        @sonic_pi.with_bpm(60) do
          pass 0.03
          pass 0.03 until (found = yield) || @sonic_pi.current_time.to_f >= deadline
        end
      ensure
        answer << found
      end
    end
    answer
  end

  # Sleeps at bpm 60, and as much longer as the thread is late. 4.x wakes threads up to 0.4 s before their time: waits for it.
  def pass(seconds)
    late = Time.now.to_f - @sonic_pi.current_time.to_f
    @sonic_pi.sleep [late, 0].max + seconds
    early = @sonic_pi.current_time.to_f - Time.now.to_f
    Kernel.sleep early if early > 0
  end

  # The very first bar of a stream is worth a wait, as long as it is not heard: notes sound sched-ahead time later anyway.
  def await(stream)
    return unless stream[:recent].empty? && stream[:missed].zero?
    expect(stream, 1)
    hello unless @greeted || (@greeting && Time.now - @greeting < 1)
    patience, now = [@sonic_pi.current_sched_ahead_time * 0.8, 0.4].min, @sonic_pi.current_time.to_f
    listen(patience) { here(stream, now) }.pop if patience > 0
  end
end

# The rest is yours. Opts that a function does not name itself go on to `synth`, `sample` and `midi`.

# amt_connect host: "127.0.0.1", port: 57990, session: "main"
#   Says which server and which session to play. A session is one endless piece, which goes on where it stood when you run
#   the buffer again. Returns at once; the log tells whether a server answered. The other functions connect by themselves
#   with these defaults. One session is played at a time, by all loops: that of the latest amt_connect.
#     amt_connect session: "tuesday"
def amt_connect(host: "127.0.0.1", port: 57990, session: "main")
  unless host.to_s =~ /\A[[:graph:]]{1,255}\z/ && port.is_a?(Integer) && port.between?(1, 65_535) && amt_name?(session)
    raise ArgumentError, "AMT: amt_connect takes host: a name or address, port: 1 to 65535, session: 1 to 64 characters"
  end
  left = @amt_link
  known = left && left.same?(host.to_s, port, session.to_s)
  link = known ? left : @amt_link = AmtLink.new(self, host.to_s, port, session.to_s)
  return if known && link.greeted?
  puts "AMT: #{link} in place of #{left}: one session is played at a time, by all loops." if left && !known
  link.hello
  in_thread(seed: 0) do
    found = link.listen(1.0) { link.greeted? || link != @amt_link }.pop
    if link != @amt_link
      next # another one was chosen meanwhile
    elsif found
      puts "AMT: connected to #{link.host}:#{link.port}, session #{link.session}."
    else
      link.complain
    end
  end
  nil
end

# amt_loop name = :amt, only: nil, amp: 1, map: {}, fx: nil, midi: nil, sync: nil, ...
#   A live_loop that plays its stream for ever, a bar at a time, at the current bpm. When the server is silent the last bars
#   repeat. Takes the opts and the block of amt_play, and sync:, sync_bpm:, delay: and auto_cue: of live_loop.
#     amt_loop :band
#     amt_loop(:low, only: :bass, sync: :band) { |bar| puts bar[:n] }
def amt_loop(name = :amt, sync: nil, sync_bpm: nil, delay: nil, auto_cue: true, **opts, &block)
  amt_style(**opts)
  bpm = amt_bpm
  live_loop name, sync: sync, sync_bpm: sync_bpm, delay: delay, auto_cue: auto_cue do
    amt_follow bpm unless sync_bpm
    amt_play({beats: 4, notes: [], later: name}, **opts, &block)
  end
end

# amt_next bars: 1, name: :amt  →  [{n:, beats:, notes: [{at:, note:, sustain:, amp:, program:}, ...]}, ...]
#   The next bars of the stream `name`, at once: n is the bar's number, at and sustain are beats, amp is 0 to 1, program is
#   0 to 127, or 128 for drums. Each name is a stream with its own place in the piece. Bars that are not here yet have later:
#   and no notes; amt_play gets them when their turn comes.
#     live_loop(:amt) { amt_play amt_next }
#     phrase = amt_next bars: 4
#     phrase.each { |bar| puts bar[:n], bar[:notes].length }
def amt_next(bars: 1, name: :amt)
  unless bars.is_a?(Integer) && bars.between?(1, AmtLink::SLOTS - AmtLink::AHEAD)
    raise ArgumentError, "AMT: bars: is 1 to #{AmtLink::SLOTS - AmtLink::AHEAD}, not #{bars.inspect}"
  end
  stream = amt_stream(name)
  stream[:ahead] = [bars, AmtLink::AHEAD].max
  taken = []
  taken << amt_link.take(stream) while taken.length < bars && amt_link.here(stream)
  amt_link.expect(stream, bars)
  amt_link.want
  taken + [amt_link.later(name)] * (bars - taken.length)
end

# amt_only bars, name, name, ...
#   The same bars with the notes of these instruments only, to play parts of a band differently.
#     bars = amt_next bars: 2
#     in_thread { amt_play amt_only(bars, :drums), amp: 0.5 }
#     amt_play amt_only(bars, :bass, :piano), fx: :reverb
def amt_only(bars, *names)
  bars, names = amt_bars(bars), names.flatten
  raise ArgumentError, "AMT: amt_only takes bars, then who is heard: amt_only(amt_next, :bass, :drums)" if names.empty?
  heard = AmtBand.players(names)
  bars.map do |bar|
    amt_missed(names, heard, bar)
    bar.merge(notes: bar[:notes].select(&heard)).merge(bar[:later] ? {only: [*bar[:only], names]} : {})
  end
end

# amt_play bars, only: nil, amp: 1, map: {}, fx: nil, midi: nil, ...
#   Plays a bar or several, and sleeps exactly as long as they last. only: names who is heard; amp: multiplies; map: changes
#   sounds as amt_map does, for this call; fx: is a name, [name, opts] or an array of these, around all of it; midi: true, or
#   opts of `midi` such as {port: "synth", channel: 3}, plays MIDI instead, drums on channel 10, each other program on one of
#   its own with a program change first. With a block, each bar goes through it first: change and return it.
#     amt_play amt_next(bars: 2), only: [:bass, :drums], amp: 0.8, pan: -0.5
#     amt_play amt_next, fx: [[:distortion, {mix: 0.2}], :reverb]
#     amt_play amt_next, midi: true
def amt_play(bars, **opts, &block)
  style = amt_style(**opts)
  amt_bars(bars).each do |bar|
    at, bar = bar[:later] ? amt_arrived(bar) : [0, bar]
    @amt_link.want if @amt_link && bar[:n]
    changed = block.call(bar) if block && bar[:n]
    bar = changed if changed.respond_to?(:key?) && amt_bars(changed)
    amt_perform(bar, at, style)
  end
  nil
end

# amt_instruments name, name, ...
#   Who plays, from the next bar on: everyday names, General MIDI names and families, :drums, drum pieces, program numbers;
#   with a weight as in "bass:0.5". Without names the model chooses.
#     amt_instruments :rhodes, :upright_bass, :drums
def amt_instruments(*names)
  amt_set instruments: names.flatten
end

# amt_mute name, name, ...
#   Who pauses, from the next bar on, while the others play on. Without names nobody does.
#     amt_mute :drums
#     amt_mute
def amt_mute(*names)
  amt_set mute: names.flatten
end

# amt_solo name, name, ...
#   Who alone plays, from the next bar on. Without names everybody does.
#     amt_solo :bass, :drums
#     amt_solo
def amt_solo(*names)
  amt_set solo: names.flatten
end

# amt_set key: value, ...
#   Steers the music from the next bar on. Keys that take several values take them as an array.
#     amt_set key: [:d, :dorian], temperature: 1.1, density: 0.7
#     amt_set meter: [3, 4], range: [:bass, 28, 45]
def amt_set(*given, **settings)
  settings = amt_named("amt_set density: 0.7", given, settings)
  if settings.empty?
    raise ArgumentError, "AMT: amt_set takes what to set: amt_set density: 0.7. Keys: #{AmtBand::KEYS.keys.join(', ')}"
  end
  checked = settings.map { |key, values| [key.to_s, amt_checked(key, values)] }
  checked.each { |key, values| amt_link.set(key, values) }
  amt_answer("set.reply") do |link|
    link.errors
    link.settled?
  end
  nil
end

# amt_map name: sound, ...
#   What an instrument sounds like from now on: a synth, a sample or :midi, each with opts in an array; opts alone, which change
#   the sound it has; or a lambda that takes the note. The opt fx: is a chain as in amt_play. nil: as it was at first.
#     amt_map bass: [:tb303, {cutoff: 70}], kick: :bd_808, strings: {amp: 0.6, fx: [:reverb, {room: 0.9}]}
#     amt_map piano: [:midi, {channel: 2}], flute: ->(n) { synth :sine, note: n[:note] + 12, amp: n[:amp] }
#     amt_map piano: nil
def amt_map(*given, **sounds)
  amt_band.override(amt_named("amt_map bass: :tb303", given, sounds))
  nil
end

# amt_save name
#   Has the server write what was played so far to a MIDI file of this name in its workspace folder; the log says where.
#     amt_save "tuesday"
def amt_save(name)
  raise ArgumentError, "AMT: amt_save takes a name of 1 to 64 characters, not #{name.inspect}" unless amt_name?(name)
  amt_link.tell("save", name.to_s)
  amt_answer("save.reply") do |link|
    link.errors
    file, bars = link.fresh("save.reply")
    if file
      puts "AMT: saved #{file.to_s.dup.force_encoding('UTF-8')}, #{bars} bar#{'s' if bars != 1}, in the server's workspace " \
           "folder (~/midinfinite-osc unless it was told another)."
    end
    file
  end
  nil
end

# amt_reset seed
#   Begins the piece again from the next bar on, steered as it is: with this seed, or without one with a new one; the log names
#   it. The same seed and steering give the same music.
#     amt_reset 7
#     amt_reset
def amt_reset(seed = nil)
  amt_link.tell("reset", *(seed.nil? ? [] : amt_checked(:seed, seed)))
  amt_answer("reset.reply") do |link|
    link.errors
    begun, = link.fresh("reset.reply")
    if begun
      link.anew
      puts "AMT: the piece begins again, with seed #{begun}."
    end
    begun
  end
  nil
end

# amt_status
#   Logs how the server is doing; clients is how many programs have played the session in the last 30 seconds.
#     amt_status
def amt_status
  amt_link.tell("status")
  amt_answer("status.reply") do |link|
    status = link.fresh("status.reply")
    puts "AMT: " + status.each_slice(2).map { |key, value| "#{key} #{value.is_a?(Float) ? value.round(1) : value}" }.join(", ") if status
    status
  end
  nil
end

# What follows serves the functions above.

def amt_link
  amt_connect unless @amt_link
  @amt_link
end

def amt_band
  @amt_band ||= AmtBand.new(synth_names, all_sample_names, fx_names)
end

def amt_name?(name)
  (name.is_a?(String) || name.is_a?(Symbol)) && name.to_s.length.between?(1, 64)
end

# The tempo of this thread. In 4.x that is :link where nothing else was said.
def amt_bpm
  respond_to?(:current_bpm_mode, true) ? current_bpm_mode : current_bpm
end

# Keeps to a tempo in a loop's own thread: with_bpm takes no :link. What use_bpm takes, 4.x multiplies by use_bpm_mul anew.
def amt_follow(bpm)
  use_bpm bpm unless bpm == amt_bpm
  use_bpm bpm * bpm / amt_bpm unless bpm == amt_bpm
end

def amt_stream(name)
  amt_link.resume
  stream = amt_link.stream(name)
  amt_link.tune(stream, 60.0 / bt(1))
  amt_link.await(stream)
  stream
end

# The next bar of a stream, and the beat to begin at. Before its first bar a stream rests, beat by beat, and comes in late.
def amt_arrived(place)
  stream = amt_stream(place[:later])
  bar, at = amt_link.take(stream), 0
  while bar[:n].nil? && at + 1 < bar[:beats]
    sleep 1
    at += 1
    bar = amt_link.take(stream) if amt_link.here(stream)
  end
  [at, [*place[:only]].inject(bar) { |rest, names| amt_only(rest, *names)[0] }]
end

# Says who plays, once, when nothing of a bar is heard for want of those who are named. Who is set to play may rest or be muted.
def amt_missed(names, heard, bar)
  return unless @amt_link && bar[:n] && bar[:notes].any? && names.any?
  link = @amt_link
  return link.missed.delete(names) if bar[:notes].any?(&heard)
  return if link.missed.include?(names)
  link.missed << names
  in_thread(seed: 0) do
    band = link.band
    link.missed.delete(names) unless band
    strangers = names.reject { |name| [*band].empty? || band.any? { |one| AmtBand.meet?(name, one) } }
    puts "AMT: nobody plays #{strangers.join(', ')}. Who plays: #{band.join(', ')}." if strangers.any?
  end
end

# Looks for an answer for a second, in a thread of its own, and complains when nothing comes.
def amt_answer(reply, &block)
  link, came = amt_link, false
  before = [reply, "error"].map { |address| link.heard(address) }
  in_thread(seed: 0) do
    answered = link.listen(1.0) do
      came ||= [reply, "error"].map { |address| link.heard(address) } != before
      block.call(link)
    end.pop
    answered || came || link.unanswered
  end
end

# What was named, also where it came as a hash without names: amt_map({bass: :saw}).
def amt_named(example, given, named)
  return named if given.empty?
  return given[0].to_hash.transform_keys(&:to_sym).merge(named) if given.length == 1 && given[0].respond_to?(:to_hash)
  raise ArgumentError, "AMT: what is set is named, as in #{example}; not #{given.map(&:inspect).join(', ')[0, 60]}"
end

# One bar or several, as an array.
def amt_bars(bars)
  bars = [bars] if bars.respond_to?(:key?)
  return bars.to_a if bars.respond_to?(:to_a) && bars.to_a.any? && bars.to_a.all? { |bar| AmtBand.bar?(bar) }
  raise ArgumentError, "AMT: a bar is what amt_next returns: {beats: 4, notes: [{at: 0, note: 60, sustain: 1, amp: 0.5, " \
                       "program: 0}]}, or several in an array, not #{bars.inspect[0, 60]}"
end

# The opts of amt_play, checked.
def amt_style(only: nil, amp: 1, map: {}, fx: nil, midi: nil, **opts)
  raise ArgumentError, "AMT: amp: takes a number, not #{amp.inspect}" unless amp.is_a?(Numeric)
  unless [nil, true, false].include?(midi) || midi.respond_to?(:to_hash)
    raise ArgumentError, "AMT: midi: takes true or opts such as {port: \"synth\", channel: 3}, not #{midi.inspect}"
  end
  {only: Array(only), heard: AmtBand.players(only), amp: amp, map: amt_band.checked(map), fx: amt_band.chain(fx), opts: opts,
   midi: midi && {kind: :midi, what: :midi, opts: midi == true ? {} : midi.to_hash, fx: []}}
end

# Plays a bar from beat `from` on, until its end. What goes through FX has a thread of its own for each chain, which lasts as
# long as the bar: to end an FX takes real time, and virtual time must not feel it.
def amt_perform(bar, from, style)
  amt_missed(style[:only], style[:heard], bar)
  notes = bar[:notes].select { |note| note[:at] >= from && note[:at] < bar[:beats] && style[:heard].(note) }
  played = notes.sort_by.with_index { |note, number| [note[:at], number] }.map do |note|
    [note, style[:midi] || amt_band.sound(note, style[:map])]
  end
  parts = played.group_by { |_, sound| sound[:fx] }
  at = if style[:fx].any?
         amt_aside(style[:fx]) { parts.each { |chain, part| amt_aside(chain) { amt_notes(part, from, style) } } }
       else
         straight = parts.delete([]) || []
         parts.each { |chain, part| amt_aside(chain) { amt_notes(part, from, style) } }
         amt_notes(straight, from, style)
       end
  sleep bar[:beats] - (at || from)
end

# Runs the block in a thread of its own, through a chain of FX, the last one outermost.
def amt_aside(chain, &block)
  in_thread(seed: 0) { chain.inject(block) { |inner, (name, opts)| -> { with_fx(name, opts) { inner.call } } }.call }
  nil
end

# Plays notes with their sounds in order of onset; gives the beat that it has slept to. What lies within a quarter of a second is
# sent ahead together by time_warp: sleeping from one humanized note to the next would fall behind. A lambda is called when
# its time has come, since it may `get` something.
def amt_notes(notes, from, style)
  window, at = 0.25 / bt(1), from
  notes.chunk_while { |(one, _), (other, _)| one[:at] == other[:at] }.each do |together|
    onset = together[0][0][:at]
    if onset - at >= window || together.any? { |_, sound| sound[:kind] == :call }
      sleep onset - at
      at = onset
    end
    time_warp(onset - at) { together.each { |note, sound| amt_sound(note, sound, style) } }
  end
  at
end

def amt_sound(note, sound, style)
  opts = sound[:opts].merge(style[:opts])
  loudness = {amp: note[:amp] * sound[:opts].fetch(:amp, 1) * style[:amp]}
  case sound[:kind]
  when :call then instance_exec(note.merge(loudness), &sound[:what])
  when :sample then sample sound[:what], opts.merge(loudness)
  when :midi then amt_midi(note, opts.merge(vel_f: [[loudness[:amp], 0].max, 1].min))
  else synth sound[:what], {note: note[:note], sustain: note[:sustain]}.merge(opts).merge(loudness)
  end
end

def amt_midi(note, opts)
  opts = opts.reject { |key, _| key == :amp }
  unless opts[:channel] || opts[:chan]
    channel, added = amt_band.channel(note[:program], opts[:port])
    opts = opts.merge(channel: channel)
    time_warp(-0.02 / bt(1)) { midi_pc note[:program], opts.select { |key, _| %i[port channel].include?(key) } } if added
  end
  midi note[:note], {sustain: [note[:sustain], 0.02].max}.merge(opts)
end

# The values of a key as the server takes them.
def amt_checked(key, values)
  kinds = AmtBand::KEYS.fetch(key.to_sym) do
    raise ArgumentError, "AMT: there is no #{key.inspect} to set. Keys: #{AmtBand::KEYS.keys.join(', ')}"
  end
  repeated = kinds.last[3] == :repeated
  given = values
  values = repeated ? [] : kinds.map { |_, kind, allowed| "" if kind == :s && allowed.include?(0) } if values.nil?
  values = values.respond_to?(:to_a) && !values.is_a?(Range) ? values.to_a : [values]
  wanted = kinds.map do |name, kind, allowed|
    next name if kind == :s && allowed.is_a?(Range)
    "#{name} (#{allowed.is_a?(Array) ? allowed.join(', ') : allowed})"
  end.join(", ")
  wrong = ArgumentError.new("AMT: #{key}: takes #{wanted}#{', at most 64' if repeated}, not #{given.inspect[0, 200]}")
  kinds = kinds.reject { |_, _, _, number| number == :optional } if values.length < kinds.length
  raise wrong unless repeated ? values.length <= 64 : values.length == kinds.length
  values.each_with_index.map do |value, index|
    name, kind, allowed = kinds[[index, kinds.length - 1].min]
    raise wrong unless kind == :s ? !value.nil? : value.is_a?(Numeric) && value.to_f.finite?
    raise wrong.exception("#{wrong.message}: #{name} takes a whole number") if kind == :i && value % 1 != 0
    AmtBand.find(value) if %w[instrument name].include?(name)
    value = kind == :s ? value.to_s : kind == :f ? value.to_f : value.to_i
    raise wrong unless allowed.include?(kind == :s ? value.length : value)
    value
  end
end
