import {crc32} from 'node:zlib';
import {ENDINGS} from './corpus/endings.ts';
import {FAILURES} from './corpus/failures.ts';
import {TALK} from './corpus/talk.ts';
import {TOOLS} from './corpus/tools.ts';
import {TRANSFERS} from './corpus/transfers.ts';
import {Scene, type SceneOptions} from './scene.ts';

/** The calls of the corpus, one of each kind. */
export const SCENES: readonly SceneOptions[] = [...TALK, ...TOOLS, ...TRANSFERS, ...ENDINGS, ...FAILURES];

/** Plays a call of the corpus, and returns its capture. */
export async function captureScene(options: SceneOptions): Promise<string> {
  return await new Scene(options, crc32(options.name) % 100_000).play();
}
