import {commandLine} from '@voicebridge/shared/config/command-line.ts';
import {CannotStart} from '@voicebridge/shared/errors.ts';
import {prettyLine} from '../../tools/local-stack/log-line.ts';
import {ProcessFailed} from '../../tools/local-stack/processes.ts';
import {DEMO} from './options.ts';
import {runDemo} from './run-demo.ts';
import {bad, screenOn} from './screen.ts';

/** This many of the last lines of a process tell why it ended. */
const LAST_LINES = 20;
const EXIT_CODES = {SIGINT: 130, SIGTERM: 143, SIGHUP: 129} as const;

const screen = screenOn(process.stdout, process.env['COLUMNS']);
const interrupted = Promise.withResolvers<void>();
let keeping = false;
let ok = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (keeping) return interrupted.resolve();
    screen.print(`\nstopped (${signal}); nothing is left behind`);
    process.exit(EXIT_CODES[signal]); // every process and folder of the demo ends with this process
  });
}
// The reader has gone, as in `npm run demo | head`.
process.stdout.on('error', () => process.exit(1));

const options = commandLine(DEMO);
try {
  ok = await runDemo(options, {
    screen,
    redisKind: process.env['VOICEBRIDGE_REDIS'],
    hasRedisUrl: Boolean(process.env['REDIS_URL']),
    untilInterrupted() {
      keeping = true;
      return interrupted.promise;
    },
  });
} catch (thrown) {
  if (!(thrown instanceof CannotStart) && !(thrown instanceof ProcessFailed)) throw thrown;
  const [what, ...details] = thrown.message.split('\n');
  process.stderr.write(`\n${bad(`The demo stopped: ${what}`)}\n`);
  const lines =
    thrown instanceof ProcessFailed
      ? thrown.lines.slice(-LAST_LINES).map(line => (line.json?.['msg'] ? prettyLine('', line) : line.text))
      : details;
  for (const line of lines) process.stderr.write(`${line}\n`);
}
process.exit(ok ? 0 : 1);
