/** A service in miniature, for the tests of what starts services. SAMPLE says how it behaves. */
import {createServer} from 'node:http';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {listen} from '@voicebridge/shared/lifecycle.ts';

const behaviour = process.env['SAMPLE'] ?? 'well';
const say = (msg: string, facts: object = {}) => console.log(JSON.stringify({level: 'info', msg, ...facts}));

const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(3);
  response.writeHead(request.url === '/readyz' && behaviour !== 'never ready' ? 200 : 503).end('"busy"');
});
process.on('SIGTERM', () => {
  say('draining');
  if (behaviour !== 'stubborn') setTimeout(() => process.exit(0), behaviour === 'slow' ? 300 : 0);
});
try {
  await listen(server, Number(process.env['PORT']));
  say('listening', {port: process.env['PORT'], seen: process.env['SAMPLE_SEEN'], secret: process.env['SAMPLE_SECRET']});
} catch (error) {
  if (!(error instanceof CannotStart)) throw error;
  console.error(`sample cannot start: ${error.message}`);
  process.exitCode = 1;
}
