import {expect, test} from 'vitest';
import {BLOCKED_PORTS} from './blocked-ports.ts';

/** What `fetch` says of a port; asked and taken back at once, so that nothing is sent to the ports it allows. */
async function refusalOf(port: number): Promise<string> {
  const asking = new AbortController();
  const answer = fetch(`http://127.0.0.1:${port}/`, {signal: asking.signal}).then(
    () => 'answered',
    ({message, cause}: Error) => (cause instanceof Error ? cause.message : message),
  );
  setImmediate(() => asking.abort());
  return answer;
}

test('a port that fetch refuses is known, and its neighbours are not taken for one', async () => {
  const around = [...BLOCKED_PORTS].flatMap(port => [port - 1, port, port + 1]).filter(port => port > 0);
  const refused: number[] = [];
  for (const port of new Set(around)) if ((await refusalOf(port)) === 'bad port') refused.push(port);
  expect(refused.toSorted((a, b) => a - b)).toEqual([...BLOCKED_PORTS]);
});
