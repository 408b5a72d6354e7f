import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test, vi} from 'vitest';
import {type FakeOpenAI, startFakeOpenAI} from '../../simulators/openai/src/fake-openai.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {haveEnded, haveHeard} from '../../tools/harness/callers.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';

/** What a new version may take until new calls get it. */
const LIVE_WITHIN_MS = 2_000;
const PATIENCE = {timeout: 60_000, interval: 50};
const CALLS = 20;
const AT_ONCE = 4;
const numbers = {shop: '+4711111111', clinic: '+4722222222'} as const;
type Name = keyof typeof numbers;

const folder = mkdtempSync(join(tmpdir(), 'assistants-'));

/** `more`: lines of the file beside those that every one has. */
function write(name: Name, prompt: string, more = ''): void {
  const text = `answers: "${numbers[name]}"
prompt: ${prompt}
greeting: Hello.
overloadSay: Every place of the ${name} is taken.
failureSay: The ${name} cannot speak now.
${more}`;
  writeFileSync(join(folder, `${name}.yaml`), text);
}

describe('with twenty calls in progress, through processes of their own:', () => {
  const stack = new AsyncDisposableStack();
  let fleet: ProcessFleet;
  let model: FakeOpenAI;
  const talking: FakeCall[] = [];

  const dial = (name: Name) => fleet.twilio.dial([{do: 'pause', ms: 300_000}], {to: numbers[name]});
  /** The prompts of the sessions that are open, each with how many have it. */
  const prompts = () => {
    const open = model.sessions.filter(({closedAt}) => closedAt === undefined);
    return Object.fromEntries(
      [...Map.groupBy(open, ({config}) => config.instructions)].map(([prompt, those]) => [prompt, those.length]),
    );
  };
  const inUse = (expected: Readonly<Record<string, number>>) =>
    vi.waitFor(() => expect(prompts()).toEqual(expected), PATIENCE);
  /** Resolves when every worker has said this once more. */
  async function allSay(message: string) {
    const saying = fleet.workers.map(worker => {
      const before = worker.lines.length;
      return worker.line(line => worker.lines.indexOf(line) >= before && line.json?.['msg'] === message, 60_000);
    });
    return () => Promise.all(saying);
  }

  beforeAll(async () => {
    stack.defer(() => rmSync(folder, {recursive: true}));
    write('shop', 'You are a shop.');
    write('clinic', 'You are a clinic.');
    model = stack.use(
      await startFakeOpenAI({
        seed: 1,
        knobs: {speed: [8, 8], firstDeltaMs: [20, 20]},
        script: [[{say: {text: 'Hello.', audioMs: 400}}]],
      }),
    );
    fleet = stack.use(
      await ProcessFleet.start({
        edges: 1,
        workers: 2,
        modelUrl: model.url,
        // The model and twenty phones share this process: on a busy machine answers take longer than a caller would wait.
        workerEnv: {
          ASSISTANTS_DIR: folder,
          MAX_CALLS: String(CALLS + 2),
          IDLE_PROMPT_SECONDS: '0',
          ANSWER_WITHIN_SECONDS: '60',
        },
      }),
    );
    // A few at a time: the first moments of a call cost far more than the rest, and a model that is late to accept so many
    // connections at once looks unreachable.
    for (let some = 0; some < CALLS; some += AT_ONCE) {
      const callers = Array.from({length: AT_ONCE}, (_, index) => dial(index % 2 === 0 ? 'shop' : 'clinic'));
      talking.push(...callers);
      await haveHeard(callers);
    }
  });
  afterAll(() => stack.disposeAsync());

  test('an edited file answers the next caller, and all who are on the line keep their version', async () => {
    await inUse({'You are a shop.': CALLS / 2, 'You are a clinic.': CALLS / 2});
    const live = await allSay('the assistants were reloaded: new calls use them');
    const writtenAt = performance.now();
    write('shop', 'You are another shop.');
    await live();
    const ms = performance.now() - writtenAt;
    talking.push(dial('shop'));
    await inUse({'You are a shop.': CALLS / 2, 'You are a clinic.': CALLS / 2, 'You are another shop.': 1});
    if (!fleet.machineIsBusy) expect(ms).toBeLessThan(LIVE_WITHIN_MS);
  });

  test('a broken file changes nothing, and the log says file, line, field and cure', async () => {
    const told = await allSay('the assistants were not reloaded: their files have errors');
    write('shop', 'You are a third shop.', 'voice: marine\n');
    const lines = await told();
    for (const {json} of lines)
      expect(json?.['problems']).toEqual(['shop.yaml:6 voice: `marine` is unknown; did you mean `marin`?']);
    talking.push(dial('shop'));
    await inUse({'You are a shop.': CALLS / 2, 'You are a clinic.': CALLS / 2, 'You are another shop.': 2});
  });

  test('their worker dies, and every call goes on with the version that it began with', async () => {
    const [victim] = fleet.workers.splice(0, 1);
    victim!.kill('SIGKILL');
    await victim!.exited;
    // The sessions of the dead one are open for a moment longer: only the other worker knows that it has all calls.
    const [other] = fleet.workers;
    await vi.waitFor(
      async () => expect(await metric(other!, 'voicebridge_calls_active')).toBe(talking.length),
      PATIENCE,
    );
    await inUse({'You are a shop.': CALLS / 2, 'You are a clinic.': CALLS / 2, 'You are another shop.': 2});
    for (const {status} of talking) expect(status).toBe('in-progress');
  });

  test('who finds no place hears the sentence of the assistant that they called', async () => {
    const reports = await haveEnded([dial('shop'), dial('clinic')]);
    expect(reports.map(({saidByTwilio}) => saidByTwilio)).toEqual([
      ['Every place of the shop is taken.'],
      ['Every place of the clinic is taken.'],
    ]);
  });

  test('whose model refuses the key hears the sentence of the assistant that they called', async () => {
    for (const call of talking.splice(0, 2)) call.hangUp();
    Object.assign(model.knobs, {upgradeStatus: 401});
    await vi.waitFor(() => expect(Object.values(prompts()).reduce((sum, count) => sum + count)).toBe(CALLS), PATIENCE);
    const reports = await haveEnded([dial('shop'), dial('clinic')]);
    expect(reports.map(({saidByTwilio}) => saidByTwilio)).toEqual([
      ['The shop cannot speak now.'],
      ['The clinic cannot speak now.'],
    ]);
    for (const {refusals} of model.sessions) expect(refusals).toEqual([]);
  });
});
