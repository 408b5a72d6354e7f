import {startFakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import type {CallFigures} from './figures.ts';
import {gather, refusedUpgrades} from './gather.ts';
import type {DemoOptions} from './options.ts';
import {placeCalls, type Placed} from './place-calls.ts';
import {findPlayers, playRecordings} from './play-recordings.ts';
import {fetchRecordings, makeFolder, missingIn, saveRecordings} from './recordings.ts';
import {bad, bold, dim, good, happeningLines, wrap, type Screen} from './screen.ts';
import {startSystem, type System} from './start-system.ts';
import {Story} from './story.ts';
import {problemsOf, summaryLines} from './summary.ts';
import {addresses, whereNext} from './where-next.ts';

/** The delay of a usual telephone network, one way, in milliseconds. */
const NETWORK = {delay: 20, jitter: 5};

export interface Surroundings {
  readonly screen: Screen;
  /** VOICEBRIDGE_REDIS */
  readonly redisKind: string | undefined;
  readonly hasRedisUrl: boolean;
  /** Resolves at Ctrl-C. */
  readonly untilInterrupted: () => Promise<void>;
}

/** Starts everything, lets three people call, compares the results, and stops everything. True: all is correct. */
export async function runDemo(options: DemoOptions, around: Surroundings): Promise<boolean> {
  const {screen} = around;
  const began = performance.now();
  const elapsed = () => `${((performance.now() - began) / 1_000).toFixed(1)} s`;
  const print = (lines: readonly string[]) => lines.forEach(line => screen.print(line));
  const say = (text: string, paint = (line: string) => line) => print(wrap(text, screen.width).map(paint));

  say('Voicebridge: three telephone calls at once, and a worker that is killed', bold);
  say('No account and no network: Twilio and the model are simulated, everything between them is the real product.');
  screen.print();
  if (options.wav !== undefined) await makeFolder(options.wav);
  const players = options.play ? await findPlayers(process.env['PATH']) : undefined;
  // A Redis of the user may have a fleet of its own, which would take our calls.
  if (around.hasRedisUrl) say('REDIS_URL is not used: the demo starts a Redis of its own', dim);
  await using system = await startSystem({
    redisKind: around.redisKind,
    isRecorded: options.wav !== undefined || options.play,
    log: line => say(line, dim),
  });
  say(`Ready in ${elapsed()}`, dim);
  screen.print();

  const {placed, calls} = await converse(system, screen);
  const problems = problemsOf(calls);
  const refused = await refusedUpgrades(system.model.url);
  if (refused > 0) problems.push(`the model refused ${refused} connections`);

  screen.print();
  print(summaryLines(calls, screen.width));
  screen.print();
  say(
    `Times are measured at the phone, ${NETWORK.delay} ms from the edge. Times in the record are measured inside Voicebridge.`,
    dim,
  );
  screen.print();
  for (const problem of problems) say(`x ${problem}`, bad);
  if (problems.length === 0) {
    say(`3 calls completed, 1 interrupted, 1 worker killed, nothing lost, nothing refused, in ${elapsed()}.`, good);
  } else say(`The demo found ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}.`, bad);
  screen.print();
  if (options.wav !== undefined || options.play) {
    const recordings = await fetchRecordings(placed, system);
    if (options.wav !== undefined) await saveRecordings(recordings, options.wav);
    for (const one of recordings) if (one.missingMs > 0) say(missingIn(one), dim);
    if (players) await playRecordings(recordings, players, say);
    screen.print();
  }
  print(whereNext(options, screen.width));
  if (options.keep) {
    screen.print();
    print(addresses(system, screen.width));
    await Promise.race([around.untilInterrupted(), system.broken]);
    screen.print('\nstopping; nothing is left behind');
  }
  return problems.length === 0;
}

/** Runs and narrates the calls, and collects the evidence afterwards. */
async function converse(
  system: System,
  screen: Screen,
): Promise<{readonly placed: readonly Placed[]; readonly calls: readonly CallFigures[]}> {
  const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
  const {webhook, edges, workers, model, analytics, authToken, broken} = system;
  await using twilio = await startFakeTwilio({
    webhookUrl: `${webhook.url}/incoming-call`,
    statusCallbackUrl: `${webhook.url}/call-status`,
    authToken,
    network: NETWORK,
  });
  const story = new Story(happening => {
    for (const line of happeningLines(happening, screen.width)) screen.print(line);
  });
  model.onLine(line => story.onModel(line));
  for (const edge of edges) edge.onLine(line => story.onEdge(edge.name, line));
  for (const worker of workers) worker.onLine(line => story.onWorker(worker.name, line));
  try {
    const placed = await Promise.race([placeCalls(twilio, story, system.killWorker), broken]);
    const sources = {analytics: analytics.url, model: model.url, story};
    return {placed, calls: await Promise.race([gather(placed, sources), broken])};
  } finally {
    story.end();
    clearInterval(alive);
  }
}
