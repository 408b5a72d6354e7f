import {Readable} from 'node:stream';
import {pipeline} from 'node:stream/promises';
import {peaksKey, recordingKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {Router, type Request} from 'express';
import {audit} from '../auth/audit.ts';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {BadQuestion} from '../queries/bad-question.ts';
import {PcmView} from '../recordings/wav.ts';
import {CallPath} from './calls-routes.ts';
import {demand, viewerOf} from './gate.ts';
import {readRequest} from './read-request.ts';

/** What is read of the store at a time, in bytes. */
const STEP = 64 * 1024;

/** Listening to calls: for whoever may read what was said. Each hearing is in the audit. */
export function recordingRoutes(database: DatabaseWatch, store: RecordingStore | undefined): Router {
  const routes = Router();

  const sizeOf = async (key: string) =>
    (await store?.list(key))?.find(object => object.key === key)?.bytes ?? missing();

  const callOf = (request: Request): CallSid => {
    const {callSid} = readRequest(CallPath, request.params);
    demand(viewerOf(request), 'words');
    return callSid;
  };

  async function* piecesOf(key: string, view: PcmView, [from, to]: readonly [number, number]) {
    for (let at = from; at < to; at += STEP) {
      const end = Math.min(at + STEP, to);
      const audio = await store?.read(key, ...view.stored(at, end));
      if (!audio) return;
      yield view.read(at, end, audio);
    }
  }

  routes.get('/api/calls/:callSid/recording.wav', async (request, response) => {
    const callSid = callOf(request);
    const key = recordingKey(callSid);
    const view = new PcmView(await sizeOf(key));
    const {bytes} = view;
    response.set({
      'content-type': 'audio/wav',
      'accept-ranges': 'bytes',
      'content-disposition': `inline; filename="${callSid}.wav"`,
      'cache-control': 'private, no-store',
    });
    const range = rangeOf(request, bytes);
    if (range === 'beyond') {
      response.set('content-range', `bytes */${bytes}`);
      throw new BadQuestion({error: 'the recording is shorter than that', field: 'range', cure: 'ask for less'}, 416);
    }
    const [from, to] = range ?? [0, bytes];
    // A player asks for one range after the other: that is one hearing.
    if (from === 0) {
      const {who} = viewerOf(request);
      await audit(database.now, {action: 'recording.heard', subject: callSid, who, address: request.ip});
    }
    response.status(range ? 206 : 200).set('content-length', String(to - from));
    if (range) response.set('content-range', `bytes ${from}-${to - 1}/${bytes}`);
    const pieces = request.method === 'HEAD' ? [] : piecesOf(key, view, [from, to]);
    // A listener who goes away is no failure.
    await pipeline(Readable.from(pieces), response).catch(() => {});
  });

  routes.get('/api/calls/:callSid/recording.peaks', async (request, response) => {
    const key = peaksKey(callOf(request));
    const peaks = (await store?.read(key, 0, await sizeOf(key))) ?? missing();
    response.set('content-type', 'application/octet-stream').set('cache-control', 'private, no-store').send(peaks);
  });
  return routes;
}

/** The range that is asked for (its end is not included); undefined: everything. Of several ranges, everything. */
function rangeOf(request: Request, bytes: number): readonly [from: number, to: number] | 'beyond' | undefined {
  // The last so many bytes of a shorter recording are all of it (RFC 9110, section 14.1.2); the library calls that beyond.
  const last = /^bytes=-(\d+)$/.exec(request.get('range') ?? '')?.[1];
  if (last !== undefined && Number(last) >= bytes && bytes > 0) return [0, bytes];
  const asked = request.range(bytes);
  if (asked === -1) return 'beyond';
  if (!Array.isArray(asked) || asked.type !== 'bytes' || asked.length !== 1) return undefined;
  const [{start, end} = {start: 0, end: 0}] = asked;
  return [start, end + 1];
}

function missing(): never {
  throw new BadQuestion(
    {error: 'there is no recording of this call', cure: 'it was not recorded, is still being joined, or was deleted'},
    404,
  );
}
