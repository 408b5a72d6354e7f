/**
 * `node tools/replay/mutations/play.ts NUMBER [NAME…]`: plays the corpus, or these calls of it, with one rule changed (`list.ts`), up to the first call in which
 * anything is decided otherwise. Says which; exit code 1 if there is one, as a replay.
 */
import {type LoadFnOutput, registerHooks} from 'node:module';
import {fileURLToPath} from 'node:url';
import {MUTATIONS} from './list.ts';
import {mutated} from './mutation.ts';

const mutation = MUTATIONS[Number(process.argv[2])];
if (!mutation) throw new Error('there is no such mutation');
const textOf = (source: LoadFnOutput['source']) =>
  typeof source === 'string' ? source : new TextDecoder().decode(source ?? new Uint8Array());
const url = new URL(`../../../${mutation.file}`, import.meta.url).href;
let isLoaded = false;
registerHooks({
  load(asked, context, next) {
    const loaded = next(asked, context);
    if (asked !== url) return loaded;
    isLoaded = true;
    return {...loaded, source: mutated(mutation, textOf(loaded.source))};
  },
});

const {corpusNames, corpusFile} = await import('../corpus-files.ts');
const {loadCapture} = await import('../load-capture.ts');
const {replay} = await import('../replay.ts');
const {replayLines} = await import('../tell.ts');
if (!isLoaded) throw new Error(`${fileURLToPath(url)} is not played at all`);
const only = process.argv.slice(3);
for (const name of only.length > 0 ? only : corpusNames()) {
  const call = loadCapture([corpusFile(name)]);
  const replayed = await replay(call);
  if (!replayed.difference) continue;
  console.log([name, ...replayLines(call, replayed)].join('\n    '));
  process.exit(1);
}
