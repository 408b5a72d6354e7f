import {rehearsalOfCapture} from '@voicebridge/shared/rehearsal/rehearsal-of-capture.ts';
import {rehearsalText} from '@voicebridge/shared/rehearsal/rehearsal-text.ts';
import type {Log} from '@voicebridge/shared/observability/log.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {Router} from 'express';
import type {DatabaseWatch} from '../database/database-watch.ts';
import {readCall} from '../queries/read-call.ts';
import {rehearsalOfRecord} from '../queries/rehearsal-of-record.ts';
import {capturedLines} from '../recordings/read-captures.ts';
import {CallPath} from './calls-routes.ts';
import {demand, viewerOf} from './gate.ts';
import {noSuchCall} from './no-such-call.ts';
import {readRequest} from './read-request.ts';

/**
 * A test of a call: the file with which `npm run rehearse` plays its caller again. For whoever may read what was said; each time the audit
 * gets a row.
 */
export function rehearsalRoutes(
  database: DatabaseWatch,
  {recordings, log}: {readonly recordings: RecordingStore | undefined; readonly log: Log},
): Router {
  const routes = Router();

  routes.get('/api/calls/:callSid/rehearsal.yaml', async (request, response) => {
    const viewer = viewerOf(request);
    demand(viewer, 'words');
    const {callSid} = readRequest(CallPath, request.params);
    const detail = (await readCall(database.now, callSid, viewer, request.ip)) ?? noSuchCall();
    // What cannot be read of a capture is no reason to make no test.
    const lines =
      recordings &&
      (await capturedLines(recordings, detail.call).catch((thrown: unknown) => {
        log.warn({err: thrown, callSid}, 'the capture of a call cannot be read: its test is made of its record');
        return undefined;
      }));
    const text = rehearsalText(lines ? rehearsalOfCapture(lines) : rehearsalOfRecord(detail));
    const name = `${detail.call.assistant.replaceAll(/[^\w-]/g, '_')}.${callSid}.call.yaml`;
    response.attachment(name).type('application/yaml; charset=utf-8').send(text);
  });
  return routes;
}
