/** The fake model as a process of its own: one JSON line on stdout per turn, a control API beside the protocol. */
import {startFakeOpenAI} from './fake-openai.ts';
import {optionsFrom} from './fake-openai-env.ts';
import {journal} from './session/session-journal.ts';

const write = (line: object) => void process.stdout.write(`${JSON.stringify({at: Date.now(), ...line})}\n`);

try {
  const server = await startFakeOpenAI(optionsFrom(process.env));
  server.onSession(session => journal(session, write));
  write({event: 'listening', url: server.url, port: server.port});
  const stop = () => void server[Symbol.asyncDispose]();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
