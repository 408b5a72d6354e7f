import {setTimeout as sleep} from 'node:timers/promises';
import {floodingModel, type ModelFlood} from './flooding-model.ts';
import {quietPhone} from './quiet-phone.ts';
import {SignedBridge} from './signed-bridge.ts';
import {megabytes, table} from './table.ts';

/** Longer than a model may be silent before its session is lost. */
const LASTS = 20_000;

/** One call with a model that sends `bytes` as fast as it can, or that reads nothing, in processes of its own. */
export async function modelFloods(bytes: number, progress: (text: string) => void): Promise<string> {
  const floods: readonly Parameters<typeof oneFlood>[] = [
    [`${megabytes(bytes)} of audio`, 'audio', bytes],
    [`${megabytes(bytes)} of words`, 'words', bytes],
    [`${megabytes(bytes)} of audio, for a phone that reads nothing`, 'audio', bytes, {reads: false}],
    ['ears that are shut: it reads nothing', 'deaf', bytes],
  ];
  const rows: (string | number)[][] = [];
  for (const flood of floods) {
    const row = await oneFlood(...flood);
    progress(row.join(' | '));
    rows.push(row);
  }
  const heads = [
    'one call, a model with',
    'taken from it',
    'sessions',
    'worker memory, most',
    'edge memory, most',
    'at the phone',
  ];
  return table(heads, rows);
}

async function oneFlood(
  name: string,
  what: ModelFlood,
  bytes: number,
  {reads = true} = {},
): Promise<(string | number)[]> {
  await using model = await floodingModel(what, bytes);
  await using bridge = await SignedBridge.start(model.url);
  await using phone = await quietPhone(bridge, {reads});
  const [worker, edge] = [await bridge.costOf('worker'), await bridge.costOf('edge')];
  let [mostWorker, mostEdge] = [0, 0];
  const end = performance.now() + LASTS;
  while (performance.now() < end) {
    await sleep(100);
    mostWorker = Math.max(mostWorker, (await bridge.costOf('worker')).rssBytes - worker.rssBytes);
    mostEdge = Math.max(mostEdge, (await bridge.costOf('edge')).rssBytes - edge.rssBytes);
  }
  const {poured} = model;
  return [
    name,
    megabytes(poured.bytes),
    poured.sessions,
    `+${megabytes(mostWorker)}`,
    `+${megabytes(mostEdge)}`,
    megabytes(phone.got),
  ];
}
