/** A tiny service for the tests of what starts services. SAMPLE sets its behaviour. */
import {createServer} from 'node:http';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {listen} from '@voicebridge/shared/service/http.ts';

const behaviour = process.env['SAMPLE'] ?? 'well';
const say = (msg: string, facts: object = {}) => console.log(JSON.stringify({level: 'info', msg, ...facts}));

const server = createServer((request, response) => {
  if (request.url === '/crash') process.exit(3);
  if (request.url === '/readyz' && behaviour !== 'never ready') response.writeHead(200).end('{"ready":true}');
  else response.writeHead(503).end('{"ready":false,"reason":"Redis is unavailable"}');
});
process.on('SIGTERM', () => {
  say('draining');
  if (behaviour !== 'stubborn') setTimeout(() => process.exit(0), behaviour === 'slow' ? 300 : 0);
});
try {
  if (behaviour === 'refuses') throw new CannotStart('OPENAI_API_KEY is not set');
  if (behaviour === 'deaf') {
    say('waiting for Redis');
    setInterval(() => {}, 60_000);
  } else {
    await listen(server, Number(process.env['PORT']));
    const {PORT: port, SAMPLE_SEEN: seen, SAMPLE_SECRET: secret} = process.env;
    say('listening', {port, seen, secret});
  }
} catch (error) {
  if (!(error instanceof CannotStart)) throw error;
  console.error(`sample cannot start: ${error.message}`);
  process.exitCode = 1;
}
