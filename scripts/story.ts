/** `npm run story -- CA… [FILE…]`: the log lines of one call from all processes, in order of time. */
import {createReadStream} from 'node:fs';
import {createInterface} from 'node:readline';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {aboutCall, tellStory} from './story/tell-story.ts';

const USAGE = `npm run story -- CALLSID [FILE…]

Prints the log lines of one call from all processes, in order of time. The beginning of the CallSid is enough.
Reads the files, or standard input:
  docker compose logs | npm run story -- CA0123
  kubectl logs --prefix --tail=-1 -l 'app in (webhook, media-edge, realtime-worker, analytics)' | npm run story -- CA0123
`;

const [callSid = '', ...files] = process.argv.slice(2);
if (!/^CA[0-9a-f]{4,32}$/i.test(callSid)) {
  process.stderr.write(USAGE);
  process.exit(callSid === '--help' ? 0 : 1);
}
const told = [];
try {
  for (const input of files.length > 0 ? files.map(file => createReadStream(file)) : [process.stdin])
    for await (const text of createInterface({input})) {
      const one = aboutCall(text, callSid);
      if (one) told.push(one);
    }
} catch (thrown) {
  process.stderr.write(`cannot read: ${messageOf(thrown)}\n`);
  process.exit(1);
}
if (told.length === 0) {
  process.stderr.write(`no line is about ${callSid}\n`);
  process.exit(1);
}
process.stdout.write(`${tellStory(told).join('\n')}\n`);
