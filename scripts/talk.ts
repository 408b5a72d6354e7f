/**
 * `npm run talk [-- reception]`: the services on this machine and a telephone in the browser, which calls an assistant by
 * its name or a number. Without a key of the model's the simulated one answers, so that it works without any account.
 */
import {fileURLToPath} from 'node:url';
import {styleText} from 'node:util';
import {isLoopback} from '@voicebridge/shared/config/addresses.ts';
import {loadEnvFile} from '@voicebridge/shared/config/env-file.ts';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {startProcess} from '../tools/local-stack/processes.ts';
import type {Plan} from './start/plan.ts';
import {runServices} from './start/run-services.ts';
import {whoIsCalled} from './talk/who-is-called.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

loadEnvFile(process.env, ROOT);
// Only the first word is ours: what follows an option may be its value.
const [first] = process.argv.slice(2);
const asked = first === undefined || first.startsWith('-') ? undefined : first;
if (asked !== undefined) process.argv.splice(2, 1);
const number = await whoIsCalled(asked, process.env['ASSISTANTS_DIR'] || 'assistants').catch((thrown: unknown) => {
  console.error(styleText('red', `cannot start: ${messageOf(thrown)}`));
  process.exit(1);
});

const isAsked = process.argv.some(argument => argument === '--help' || argument === '--print-config');
const hasKey = Boolean(process.env['OPENAI_API_KEY'] || process.env['OPENAI_API_KEY_FILE']);
const model =
  isAsked || hasKey ? undefined : await startProcess({service: 'simulators/openai', name: 'model', readyWithin: 0});
if (model) {
  await model.line(({json}) => json?.['event'] === 'listening');
  process.env['OPENAI_API_KEY'] = 'sk-simulated';
  process.env['OPENAI_REALTIME_URL'] = `ws://127.0.0.1:${model.port}/v1/realtime`;
}
process.env['BROWSER_PHONE'] = 'on';
// The page shows the words as they come; they stay in the database of this machine, as long as its settings say.
process.env['TRANSCRIPTS'] ||= 'heard';

await runServices({
  watching: false,
  talk: {
    analytics: 'scripts/talk/analytics',
    says: ({processes, webhookUrl, edgeUrls}: Plan) => {
      const dashboard = processes.find(({service}) => service === 'analytics');
      const isUnsigned = processes.some(({env}) => env['TWILIO_VALIDATE'] === 'off');
      const isLocal = [webhookUrl, ...edgeUrls].every(url => isLoopback(new URL(url).hostname));
      const to = number === undefined ? '' : `?to=${encodeURIComponent(number)}`;
      return [
        `Open ${styleText('bold', `http://127.0.0.1:${dashboard?.port}/phone.html${to}`)} and press Call.`,
        ...(model
          ? ['OPENAI_API_KEY is not set: the simulated model answers, with the same few sentences each time.']
          : []),
        ...(isUnsigned && isLocal
          ? ['Calls are not signed, and only calls from this machine are taken: a phone in the browser needs no more.']
          : []),
        'The page has buttons that kill the worker or the edge which carries your call: go on talking.',
      ];
    },
  },
});
