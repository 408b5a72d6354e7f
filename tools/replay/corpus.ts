import {crc32} from 'node:zlib';
import {ENDINGS} from './corpus/endings.ts';
import {FAILURES} from './corpus/failures.ts';
import {ENTRIES} from './corpus/entries.ts';
import {INTERRUPTIONS} from './corpus/interruptions.ts';
import {MORE_TOOLS} from './corpus/more-tools.ts';
import {OPENING} from './corpus/opening.ts';
import {OUTAGES} from './corpus/outages.ts';
import {WAITING} from './corpus/waiting.ts';
import {TALK} from './corpus/talk.ts';
import {TOOLS} from './corpus/tools.ts';
import {TRANSFERS} from './corpus/transfers.ts';
import {Scene, type SceneOptions} from './scene.ts';

/** The calls of the corpus, one of each kind. */
export const SCENES: readonly SceneOptions[] = [
  ...TALK,
  ...INTERRUPTIONS,
  ...OPENING,
  ...WAITING,
  ...TOOLS,
  ...MORE_TOOLS,
  ...ENTRIES,
  ...TRANSFERS,
  ...ENDINGS,
  ...FAILURES,
  ...OUTAGES,
];

/** Plays a call of the corpus, and returns its capture. */
export async function captureScene(options: SceneOptions): Promise<string> {
  return await new Scene(options, crc32(options.name) % 100_000).play();
}
