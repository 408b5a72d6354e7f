import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import {hashOf, identityOf} from '@voicebridge/shared/caller-identity.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {redactNumbers} from '../../services/webhook/src/admission/redact-numbers.ts';
import {Scene} from '../../tools/replay/scene.ts';
import type {CallerDoes} from '../rehearse/call-file.ts';
import {scriptedModel} from '../rehearse/scripted-model.ts';
import {toolsThatTakeTime} from './outside.ts';
import type {Mishap, SeedCall} from './callers.ts';

const MS_PER_LETTER: Millis = 60;
const SHORTEST: Millis = 450;
const RECORDED_WITHIN: Millis = 60_000;
/** Edges notice by missing beats that a worker is dead: the benchmark `failover` has measured when. */
const NOTICED_AFTER = [90, 150] as const;
/** Of the numbers that nobody has; a hash needs a key, and this one protects nothing. */
const KEY = 'demo data: no number of anybody';
const RESTAURANT = '+4722000001';

/** The processes of a small fleet. */
const WORKERS = ['4f1c09a7d2e3', '81b6d05e77fa', 'c3029e4b6d18', 'e95d7a10b3c4'].map(id =>
  ProcessId.parse(`worker-${id}`),
);
const EDGES = ['2a70c9f3b1d6', '9d4e6b8a05c2'].map(id => ProcessId.parse(`edge-${id}`));

/**
 * Plays a call from the first ring to the record, on a clock of its own: the real assistant, edge, worker and tools with
 * the simulated phone and model. Returns what the worker sends to analytics, as `storeCall` takes it.
 */
export async function playCall(
  call: SeedCall,
  {catalogue, random, wall}: {readonly catalogue: Catalogue; readonly random: Random; readonly wall: number},
): Promise<readonly CallFinished[]> {
  let said = '';
  const [first, edge] = [random.whole(0, WORKERS.length - 1), random.whole(0, EDGES.length - 1)];
  const person = `+47900${String(random.whole(10_000, 99_999))}`;
  const [caller, callee] = call.direction === 'inbound' ? [person, RESTAURANT] : [RESTAURANT, person];
  const scene: Scene = new Scene(
    {
      name: call.assistant,
      from: {catalogue, name: call.assistant},
      script: scriptedModel(call.model),
      knobs: {
        firstDeltaMs: [280, random.whole(520, 1_100)],
        ...(call.mishap === 'model-silent' ? {everyAnswer: 'swallowed' as const} : {}),
      },
      transcribe: () => said,
      facts: {
        direction: call.direction,
        receivedAt: String(wall - random.whole(3, 15)),
        ...redactNumbers({caller, callee}, {NUMBERS: 'hashed', NUMBER_HASH_KEY: KEY}),
      },
      wall,
      // A capture of each would take time, and nobody reads it.
      assistantsDecide: true,
      hop: () => random.between(0.3, 1.4),
      workers: [...WORKERS.slice(first), ...WORKERS.slice(0, first)],
      edges: [...EDGES.slice(edge), ...EDGES.slice(0, edge)],
      away: call.away ?? 'accepted',
      runTool: toolsThatTakeTime(random, () => scene.bridge.clock),
      async caller(played) {
        const mishapAt = random.whole(0, Math.max(0, call.caller.length - 2));
        for (const [index, step] of call.caller.entries()) {
          if (played.isOver) return;
          if ('says' in step) said = step.says;
          if (index === mishapAt && call.mishap) await happens(call.mishap, played, random);
          await act(step, call.caller[index - 1], played, random);
        }
        // Who has nothing left to do waits for the assistant to hang up.
        for (let waited = 0; waited < 25 && !played.isOver; waited += 1) await played.waits(1_000);
        if (!played.isOver) played.hangsUp();
      },
    },
    random.whole(1, 1_000_000),
  );
  await scene.play();
  for (let waited = 0; waited < RECORDED_WITHIN && scene.bridge.records.length === 0; waited += 1_000)
    await scene.waits(1_000);
  return scene.bridge.records;
}

async function act(step: CallerDoes, before: CallerDoes | undefined, scene: Scene, random: Random): Promise<void> {
  if ('waits' in step) return scene.waits(step.waits);
  if ('interruptsAfter' in step) {
    await scene.hears();
    await scene.waits(step.interruptsAfter);
    return scene.says(spokenMs(step.says));
  }
  if (before === undefined || !('waits' in before)) await scene.isTold();
  // People think before they answer.
  await scene.waits(random.whole(0, 900));
  if (scene.isOver) return undefined;
  if ('says' in step) return scene.says(spokenMs(step.says));
  if ('presses' in step) return scene.presses(step.presses);
  return scene.hangsUp();
}

/** In the middle of what the assistant says. */
async function happens(mishap: Mishap, scene: Scene, random: Random): Promise<void> {
  if (mishap === 'model-silent') return;
  await scene.hears();
  await scene.waits(random.whole(200, 1_200));
  if (mishap === 'worker-killed') scene.bridge.killWorker(random.between(...NOTICED_AFTER));
  if (mishap === 'worker-drained') scene.bridge.session?.drain();
  if (mishap === 'edge-lost') scene.losesStream();
  if (mishap === 'model-lost') scene.model.breakSession();
  await scene.waits(400);
}

const spokenMs = (text: string): Millis => Math.max(SHORTEST, text.length * MS_PER_LETTER);

/** What a record has of the caller with this number. */
export function partyOf(number: string): {readonly hash: string; readonly lastTwo: string; readonly number: null} {
  const identity = identityOf(number);
  if (!identity) throw new Error(`${number} is no number`);
  return {hash: hashOf(identity, KEY), lastTwo: number.slice(-2), number: null};
}
