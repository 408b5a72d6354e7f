import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import {playbackEvidence} from '../../tools/harness/evidence/playback-evidence.ts';

const networks = [
  {delay: 0, jitter: 0},
  {delay: 20, jitter: 5},
  {delay: 80, jitter: 40},
] as const;

/** A call with noise, a slow model, a slow stream, or a session that breaks. Counts the greetings. */
export function greeting(seed: number): string {
  const random = seededRandom(seed * 31 + 7);
  const call = new CoreCall({
    seed,
    network: networks[seed % 3] ?? networks[0],
    modelNetwork: {delay: 15, jitter: 5},
    sessionAfter: random.between(0, 1_500),
    streamAfter: random.between(0, 1_500),
    script: ({kind, metadata}) => {
      const isGreeting = metadata?.['tag']?.startsWith('greeting') === true;
      return [
        {
          say: {
            text: isGreeting ? 'Hello, how can I help you?' : `Go on (${kind}).`,
            audioMs: isGreeting ? 1_600 : 700,
          },
        },
      ];
    },
  });
  const noise = random.whole(0, 2);
  const breaks = random.whole(0, 3) === 0;
  // A click of the line, before or while the greeting begins; never words.
  if (noise > 0) {
    call.until(() => call.audible, noise === 2 ? undefined : random.between(0, 1_500));
    call.wait(random.between(0, 200));
    call.talk(random.between(70, 160));
  }
  if (breaks) {
    call.until(() => call.audible || call.sessions.length > 0);
    call.wait(random.between(0, 2_500));
    call.breakModel();
  }
  call.wait(9_000);
  const items = call.sessions.flatMap(session => session.items);
  const heard = playbackEvidence(items, call.queue.played()).filter(
    ({item, heardMs}) => item.text.startsWith('Hello') && heardMs > 0,
  );
  const [only] = heard;
  if (!only) return `not greeted${breaks ? ', the session broke' : ''}${noise > 0 ? ', noise' : ''}`;
  if (heard.length > 1) return `greeted ${heard.length} times`;
  if (!breaks && only.heardMs < 1_600) return `cut off after ${only.heardMs} ms`;
  return only.heardMs > 1_600 ? 'heard in part twice' : 'once';
}

/** An assistant that says goodbye and hangs up. */
export function goodbye(seed: number): string {
  const random = seededRandom(seed * 17 + 3);
  const audioMs = random.between(400, 4_000);
  const call = new CoreCall({
    seed,
    network: networks[seed % 3] ?? networks[0],
    modelNetwork: {delay: 15, jitter: 5},
    knobs: {overlapCalls: seed % 2 === 0},
    marks: {lost: seed % 10 === 0 ? 0.5 : 0},
    script: ({kind}) =>
      kind === 'greeting'
        ? [{say: {text: 'Hello.', audioMs: 600}}]
        : [{say: {text: 'Thank you for calling, goodbye.', audioMs}}, {call: {name: 'hang_up', arguments: {}}}],
  });
  call.until(() => call.audible);
  call.until(() => !call.audible);
  call.wait(random.between(100, 600));
  call.talk(random.between(400, 900));
  call.until(() => call.left !== undefined, 20_000);
  const {left} = call;
  if (!left) return 'left open';
  if (left.queuedBytes > 0) return `cut off ${Math.round(left.queuedBytes / 8)} ms before its end`;
  const [said] = playbackEvidence(call.session.items, call.queue.played()).filter(({item}) =>
    item.text.startsWith('Thank'),
  );
  return said && said.heardMs === said.item.generatedMs ? 'heard and closed' : 'not heard to its end';
}
