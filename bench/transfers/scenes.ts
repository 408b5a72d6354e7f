import type {Millis} from '@voicebridge/shared/time.ts';
import type {Person} from '../../simulators/twilio/src/call/person.ts';

/** One way for a transfer to go, and where it must leave the caller. */
export interface Scene {
  readonly name: string;
  /** The number that is called: its assistant transfers to a person of its own. */
  readonly number: string;
  readonly target: string;
  readonly person: Person;
  /** The caller hangs up so long after the person's telephone rings. */
  readonly hangsUpAfter?: Millis;
  /** What happens to workers while the caller is away. */
  readonly fault?: 'kill' | 'drain';
  /** What the record must say. */
  readonly outcome: string;
  readonly endReason: string;
  /** The caller must hear the assistant again. */
  readonly isBack: boolean;
}

const RINGS_MS = 6_000;
/** How long it rings at most, in the assistant's file. */
export const RING_SECONDS = RINGS_MS / 1_000;

const answers = (key: string | undefined, after: Millis = 800): Person => ({
  does: 'answer',
  after,
  ...(key === undefined ? {} : {key, keyAfter: 300}),
  talks: 1_000,
});

type Told = Pick<Scene, 'outcome' | 'endReason' | 'isBack'>;
const taken: Told = {outcome: 'accepted', endReason: 'assistant.transferred', isBack: false};
const back = (outcome: string): Told => ({outcome, endReason: 'caller.hung-up', isBack: true});

const WRITTEN: readonly Omit<Scene, 'number' | 'target'>[] = [
  {name: 'answered', person: answers('1'), ...taken},
  {name: 'busy', person: {does: 'be-busy', after: 500}, ...back('busy')},
  {name: 'no answer', person: {does: 'be-silent'}, ...back('no-answer')},
  {name: 'declined', person: answers('2'), ...back('declined')},
  {name: 'voice mailbox', person: answers(undefined), ...back('declined')},
  {name: 'cannot be reached', person: {does: 'fail', after: 300}, ...back('failed')},
  {
    name: 'caller hangs up meanwhile',
    person: {does: 'be-silent'},
    hangsUpAfter: 1_500,
    outcome: 'hung-up',
    endReason: 'caller.hung-up',
    isBack: false,
  },
  {name: 'owner killed, no answer', person: {does: 'be-silent'}, fault: 'kill', ...back('no-answer')},
  {name: 'owner killed, answered', person: answers('1', 4_000), fault: 'kill', ...taken},
  {name: 'drain, no answer', person: {does: 'be-silent'}, fault: 'drain', ...back('no-answer')},
  {name: 'drain, answered', person: answers('1', 4_000), fault: 'drain', ...taken},
];

export const SCENES: readonly Scene[] = WRITTEN.map((scene, index) => ({
  ...scene,
  number: `+47110000${String(index).padStart(2, '0')}`,
  target: `+47220000${String(index).padStart(2, '0')}`,
}));
