import type {Millis} from '@voicebridge/shared/time.ts';
import {readClip} from '../../simulators/audio/clips.ts';
import {answeringMachine, type Callee, type FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

/** Longer than it takes until another worker goes on speaking: people do not hang up during so short a pause. */
const WAITS_MS: Millis = 4_000;
/** Who hears nothing, or no end, hangs up after so long; a machine stops recording. */
const PATIENCE_MS: Millis = 60_000;

/** Listens, and hangs up when there is no more. */
function person(): Callee {
  let quietSince: Millis | undefined;
  let answeredAt: Millis | undefined;
  const hasHeardAll = (call: FakeCall): boolean => {
    const at = performance.now();
    answeredAt ??= at;
    if (at - answeredAt > PATIENCE_MS) return true;
    if (call.hearsAssistant || !call.heardOnThisStream) quietSince = undefined;
    else quietSince ??= at;
    return quietSince !== undefined && at - quietSince > WAITS_MS;
  };
  return {does: 'answer', after: 300, script: [{do: 'until', until: hasHeardAll}, {do: 'hangUp'}]};
}

function machine(): Callee {
  const callee = answeringMachine({after: 200, announces: readClip('caller-goodbye')});
  if (callee.does !== 'answer') return callee;
  return {...callee, script: [...callee.script, {do: 'pause', ms: PATIENCE_MS}, {do: 'hangUp'}]};
}

/** Who is at a number, by its last digits: three people, one who is busy, and a machine. */
export function calleeOf(to: string): Callee {
  const kind = Number(to.slice(-4)) % 5;
  if (kind === 3) return {does: 'be-busy', after: 100};
  return kind === 4 ? machine() : person();
}
