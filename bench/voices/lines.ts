import {assistantClips, readClip} from '../../simulators/audio/clips.ts';
import {type Random, seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {atLevel, fromMulaw, gain, SAMPLES_PER_MS, type Sound} from './sound.ts';

/** What a caller's line carries beside their voice. */
export interface NoisyLine {
  readonly name: string;
  /** How loud it is, in dB of full scale; for an echo, what of it is heard while the assistant speaks. */
  readonly level: number;
  /** Played again and again. */
  readonly noise: Sound;
  /** So much of the assistant's voice comes back. */
  readonly echo: number;
}

const SECONDS = 11;
const LENGTH = SECONDS * 1_000 * SAMPLES_PER_MS;
/** The assistant's recordings are about so loud. */
const ASSISTANT_LEVEL = -19;

/** Nothing but a little hiss. */
const HISS = -72;

/** The lines of the benchmark: each kind of noise quietly, 10 dB below a caller of -46 dB, and as loud as in a street or a bar. */
export function noisyLines(): NoisyLine[] {
  const random = seededRandom(5);
  const hiss = atLevel(white(random), HISS);
  const kinds = {hum: hum(), babble: babble(), traffic: traffic(random), 'music on hold': music()};
  const noisy = Object.entries(kinds).flatMap(([name, sound]) =>
    [-56, -42].map(level => ({name: `${name} ${level}`, level, noise: atLevel(sound, level), echo: 0})),
  );
  const echoes = [-20, -30].map(back => ({
    name: `echo ${back}`,
    level: ASSISTANT_LEVEL + back,
    noise: hiss,
    echo: gain(back),
  }));
  return [
    {name: 'clean', level: HISS, noise: hiss, echo: 0},
    ...noisy,
    {name: 'DTMF in band -20', level: -20, noise: atLevel(keys(random), -20), echo: 0},
    ...echoes,
  ];
}

function sound(sample: (at: number) => number): Sound {
  return Float64Array.from({length: LENGTH}, (_, at) => sample(at));
}

function tone(at: number, hertz: number): number {
  return Math.sin((2 * Math.PI * hertz * at) / (1_000 * SAMPLES_PER_MS));
}

function white(random: Random): Sound {
  return sound(() => random.between(-1, 1));
}

/** The mains, as a telephone's band leaves it. */
function hum(): Sound {
  return sound(at => 0.5 * tone(at, 100) + tone(at, 150) + 0.5 * tone(at, 250) + 0.25 * tone(at, 350));
}

/** Eight voices at once, none of them the caller's. */
function babble(): Sound {
  const voices = Object.keys(assistantClips)
    .slice(0, 8)
    .map(name => atLevel(fromMulaw(readClip(name as keyof typeof assistantClips)), -20));
  return sound(at => voices.reduce((sum, voice, index) => sum + (voice[(at + index * 7_919) % voice.length] ?? 0), 0));
}

/** A street: low noise that swells and fades as cars go by. */
function traffic(random: Random): Sound {
  let [low, lower] = [0, 0];
  return sound(at => {
    low += 0.3 * (random.between(-1, 1) - low);
    lower += 0.2 * (low - lower);
    const cars = 1 + 0.4 * tone(at, 2 / SECONDS) + 0.2 * tone(at, 5 / SECONDS);
    return (low + 2 * lower) * cars;
  });
}

/** Four chords, struck twice a second. */
function music(): Sound {
  const chords = [
    [262, 330, 392],
    [220, 262, 330],
    [349, 440, 523],
    [392, 494, 587],
  ];
  return sound(at => {
    const [beat, into] = [Math.floor(at / 4_000), at % 4_000];
    const chord = chords[Math.floor(beat / 4) % 4] ?? [];
    const struck = Math.min(1, into / 80) * Math.exp(-into / 2_500);
    return struck * chord.reduce((sum, hertz) => sum + tone(at, hertz) + 0.4 * tone(at, 2 * hertz), 0);
  });
}

/** Keys pressed now and then, 120 ms each; only the tones count for the level. */
function keys(random: Random): Sound {
  const [rows, columns] = [
    [697, 770, 852, 941],
    [1_209, 1_336, 1_477],
  ];
  const silent = new Float64Array(LENGTH);
  for (let from = 4_000; from + 960 < LENGTH; from += random.whole(8_000, 20_000)) {
    const [row, column] = [rows[random.whole(0, 3)] ?? 0, columns[random.whole(0, 2)] ?? 0];
    for (let at = from; at < from + 960; at += 1) silent[at] = tone(at, row) + tone(at, column);
  }
  return silent;
}
