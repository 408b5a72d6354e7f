import type {Millis} from '@voicebridge/shared/time.ts';
import type {Person} from '../../simulators/twilio/src/call/person.ts';
import type {Callee, CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import type {RestMood} from '../../simulators/twilio/src/rest/rest-mood.ts';

/** One way for a transfer to go, and where it must leave the caller. */
export interface Scene {
  readonly name: string;
  /** The number that is called: its assistant transfers to a person of its own. */
  readonly number: string;
  readonly target: string;
  /** Who answers where the carrier dials. */
  readonly person?: Person;
  /** Who answers a call of its own: the transfer is warm. Made anew for each call. */
  readonly callee?: () => Callee;
  /** How Twilio takes the request for that call. */
  readonly mood?: RestMood;
  /** The caller hangs up so long after the person's telephone rings. */
  readonly hangsUpAfter?: Millis;
  /** The caller hangs up while the two talk. */
  readonly hangsUpTalking?: true;
  /** What is killed or drained while the caller is away. */
  readonly fault?: Fault;
  /** What the record must say. */
  readonly outcome: string;
  readonly endReason: string;
  /** The caller must hear the assistant again. */
  readonly isBack: boolean;
}

export const FAULTS = ['owner', 'drain', 'webhook'] as const;
export type Fault = (typeof FAULTS)[number];

const RINGS_MS = 6_000;
/** How long it rings at most, in the assistant's file. */
export const RING_SECONDS = RINGS_MS / 1_000;
/** Who answers so late does it when what is to die has died. */
const LATE_MS = 4_000;
/** Who took a caller and never meets them hangs up. */
const MEETS_WITHIN_MS = 15_000;

const answers = (key: string | undefined, after: Millis = 800): Person => ({
  does: 'answer',
  after,
  ...(key === undefined ? {} : {key, keyAfter: 300}),
  talks: 1_000,
});

/** The person whom a warm transfer calls, and what they do after hearing a moment of the summary. */
const called =
  (script: CallerScript, after: Millis = 800) =>
  (): Callee => ({does: 'answer', after, script: [{do: 'pause', ms: 300}, ...script]});

/** Takes the caller, talks with them for a moment, and hangs up. */
const takes = (after: Millis = 800) => {
  return (): Callee => {
    let from: Millis | undefined;
    const meets = (call: FakeCall) =>
      call.isMeeting || performance.now() - (from ??= performance.now()) > MEETS_WITHIN_MS;
    const script: CallerScript = [
      {do: 'press', digit: '1'},
      {do: 'until', until: meets},
      {do: 'pause', ms: 1_500},
      {do: 'hangUp'},
    ];
    return called(script, after)();
  };
};
const doesNotAnswer = (): Callee => ({does: 'be-silent'});

type Told = Pick<Scene, 'outcome' | 'endReason' | 'isBack'>;
const taken: Told = {outcome: 'accepted', endReason: 'assistant.transferred', isBack: false};
const gone: Told = {outcome: 'hung-up', endReason: 'caller.hung-up', isBack: false};
const back = (outcome: string): Told => ({outcome, endReason: 'caller.hung-up', isBack: true});

type Written = Omit<Scene, 'number' | 'target'>;

const COLD: readonly Written[] = [
  {name: 'answered', person: answers('1'), ...taken},
  {name: 'busy', person: {does: 'be-busy', after: 500}, ...back('busy')},
  {name: 'no answer', person: {does: 'be-silent'}, ...back('no-answer')},
  {name: 'declined', person: answers('2'), ...back('declined')},
  {name: 'voice mailbox', person: answers(undefined), ...back('declined')},
  {name: 'cannot be reached', person: {does: 'fail', after: 300}, ...back('failed')},
  {name: 'caller hangs up meanwhile', person: {does: 'be-silent'}, hangsUpAfter: 1_500, ...gone},
  {name: 'owner killed, no answer', person: {does: 'be-silent'}, fault: 'owner', ...back('no-answer')},
  {name: 'owner killed, answered', person: answers('1', LATE_MS), fault: 'owner', ...taken},
  {name: 'drain, no answer', person: {does: 'be-silent'}, fault: 'drain', ...back('no-answer')},
  {name: 'drain, answered', person: answers('1', LATE_MS), fault: 'drain', ...taken},
  {name: 'webhook killed, no answer', person: {does: 'be-silent'}, fault: 'webhook', ...back('no-answer')},
  {name: 'webhook killed, answered', person: answers('1', LATE_MS), fault: 'webhook', ...taken},
];

const WARM: readonly Written[] = [
  {name: 'answered', callee: takes(), ...taken},
  {name: 'caller hangs up while they talk', callee: takes(), hangsUpTalking: true, ...taken},
  {name: 'busy', callee: () => ({does: 'be-busy', after: 500}), ...back('busy')},
  {name: 'no answer', callee: doesNotAnswer, ...back('no-answer')},
  {name: 'declined', callee: called([{do: 'press', digit: '2'}]), ...back('declined')},
  {name: 'person hangs up', callee: called([{do: 'hangUp'}]), ...back('declined')},
  {name: 'voice mailbox', callee: called([]), ...back('declined')},
  {name: 'cannot be reached', callee: () => ({does: 'fail', after: 300}), ...back('failed')},
  {name: 'caller hangs up meanwhile', callee: doesNotAnswer, hangsUpAfter: 1_500, ...gone},
  {name: 'owner killed, no answer', callee: doesNotAnswer, fault: 'owner', ...back('no-answer')},
  {name: 'owner killed, answered', callee: takes(LATE_MS), fault: 'owner', ...taken},
  {name: 'drain, no answer', callee: doesNotAnswer, fault: 'drain', ...back('no-answer')},
  {name: 'drain, answered', callee: takes(LATE_MS), fault: 'drain', ...taken},
  {name: 'webhook killed, no answer', callee: doesNotAnswer, fault: 'webhook', ...back('no-answer')},
  {name: 'webhook killed, answered', callee: takes(LATE_MS), fault: 'webhook', ...taken},
  // Where Twilio refuses, the person is dialled; a number that the account may not call brings the caller back.
  {name: 'REST refuses: credentials', callee: takes(), mood: 'credentials', person: answers('1'), ...taken},
  {name: 'REST refuses: too many', callee: takes(), mood: 'too-many', person: answers('1'), ...taken},
  {name: 'REST refuses: trial account', callee: takes(), mood: 'trial-account', ...back('refused')},
  {name: 'REST answers 500', callee: takes(), mood: 'fails', person: answers('1'), ...taken},
  // Two telephones ring, and one of them is connected.
  {name: 'REST answer is lost', callee: takes(), mood: 'cuts-after', person: answers('1'), ...taken},
];

const scene = (written: Written, index: number): Scene => ({
  ...written,
  number: `+47110000${String(index).padStart(2, '0')}`,
  target: `+47220000${String(index).padStart(2, '0')}`,
});

export const SCENES: readonly Scene[] = [...COLD, ...WARM.map(each => ({...each, name: `warm: ${each.name}`}))].map(
  scene,
);

export const isWarm = ({callee}: Pick<Scene, 'callee'>): boolean => callee !== undefined;
/** The person is dialled, although the transfer is warm. */
export const isDialled = ({callee, person}: Pick<Scene, 'callee' | 'person'>): boolean =>
  callee === undefined || person !== undefined;
