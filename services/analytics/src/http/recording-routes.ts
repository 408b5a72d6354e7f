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

/** Listening to calls: for whoever may read what was said. Each time the audit gets a row. */
export function recordingRoutes(database: DatabaseWatch, store: RecordingStore | undefined): Router {
  const routes = Router();

  const sizeOf = async (key: string) =>
    (await store?.list(key))?.find(object => object.key === key)?.bytes ?? missing();

  const listener = async (request: Request): Promise<CallSid> => {
    const {callSid} = readRequest(CallPath, request.params);
    const viewer = viewerOf(request);
    demand(viewer, 'words');
    return callSid;
  };

  routes.get('/api/calls/:callSid/recording.wav', async (request, response) => {
    const callSid = await listener(request);
    const key = recordingKey(callSid);
    const view = new PcmView(await sizeOf(key));
    const asked = request.range(view.bytes);
    if (asked === -1) {
      response.set('content-range', `bytes */${view.bytes}`);
      throw new BadQuestion({error: 'the recording is shorter than that', field: 'range', cure: 'ask for less'}, 416);
    }
    const range = Array.isArray(asked) && asked.type === 'bytes' && asked.length === 1 ? asked[0] : undefined;
    const [from, to] = range ? [range.start, range.end + 1] : [0, view.bytes];
    // A player asks for one range after the other: that is one hearing.
    if (from === 0) {
      const {who} = viewerOf(request);
      await audit(database.now, {action: 'recording.heard', subject: callSid, who, address: request.ip});
    }
    response.status(range ? 206 : 200).set({
      'content-type': 'audio/wav',
      'content-length': String(to - from),
      'accept-ranges': 'bytes',
      'content-disposition': `inline; filename="${callSid}.wav"`,
      'cache-control': 'private, no-store',
      ...(range ? {'content-range': `bytes ${from}-${to - 1}/${view.bytes}`} : {}),
    });
    if (request.method === 'HEAD') return void response.end();
    const pieces = async function* () {
      for (let at = from; at < to; at += STEP) {
        const end = Math.min(at + STEP, to);
        const audio = await store?.read(key, ...view.stored(at, end));
        if (!audio) return;
        yield view.read(at, end, audio);
      }
    };
    await pipeline(Readable.from(pieces()), response).catch(() => {});
  });

  routes.get('/api/calls/:callSid/recording.peaks', async (request, response) => {
    const key = peaksKey(await listener(request));
    const peaks = (await store?.read(key, 0, await sizeOf(key))) ?? missing();
    response.set('content-type', 'application/octet-stream').set('cache-control', 'private, no-store').send(peaks);
  });
  return routes;
}

function missing(): never {
  throw new BadQuestion(
    {error: 'there is no recording of this call', cure: 'it was not recorded, is still being joined, or was deleted'},
    404,
  );
}
