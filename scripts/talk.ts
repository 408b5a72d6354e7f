/**
 * `npm run talk [-- +4722334455]`: the services on this machine and a telephone in the browser. Without a key of the model's
 * the simulated one answers, so that it works without any account.
 */
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {styleText} from 'node:util';
import {config as loadDotenv} from 'dotenv';
import {startProcess} from '../tools/local-stack/processes.ts';
import type {Plan} from './start/plan.ts';
import {runServices} from './start/run-services.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const NUMBER = /^\+[1-9]\d{2,14}$/;

const [number] = process.argv.slice(2).filter(argument => NUMBER.test(argument));
process.argv = process.argv.filter(argument => argument !== number);
loadDotenv({path: process.env['DOTENV_CONFIG_PATH'] ?? join(ROOT, '.env'), quiet: true});
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

await runServices({
  watching: false,
  says: ({processes}: Plan) => {
    const dashboard = processes.find(({service}) => service === 'analytics');
    const to = number === undefined ? '' : `?to=${encodeURIComponent(number)}`;
    return [
      `Open ${styleText('bold', `http://127.0.0.1:${dashboard?.port}/phone.html${to}`)} and press Call.`,
      ...(model
        ? ['OPENAI_API_KEY is not set: the simulated model answers, with the same few sentences each time.']
        : []),
      `Then kill what carries the call, and go on talking: ${processes.some(({name}) => name === 'worker-2') ? '' : 'start it with --workers 2 --edges 2, and '}ps shows the processes by name.`,
    ];
  },
});
