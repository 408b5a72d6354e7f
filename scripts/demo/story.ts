import {callerClips} from '../../simulators/audio/clips.ts';
import type {FakeCallEvent} from '../../simulators/twilio/src/report/call-report.ts';
import type {FakeCall} from '../../simulators/twilio/src/call/fake-call.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {LogLine} from '../../tools/local-stack/log-line.ts';
import type {Person} from './cast.ts';
import {heardPart} from './clip-heard.ts';
import type {Kill} from './kill-worker.ts';
import type {Happening} from './screen.ts';

/** A takeover that takes longer has failed. */
const LONGEST_TAKEOVER: Millis = 6_000;

/** What is known of one call so far. */
interface Thread {
  readonly who: Person;
  readonly call: FakeCall;
  readonly sessionOpened: PromiseWithResolvers<void>;
  session?: string;
  /** How the model's server knows this caller; the same in all sessions. */
  modelCaller?: unknown;
  edge?: string;
  /** More than one if the call had to move. */
  readonly workers: string[];
  told?: true;
  /** Moments on the clock of the simulated Twilio. */
  answeredAfter?: number;
  streamAt?: number;
  callerDoneAt?: number;
  interruptedAt?: number;
  /** What the model remembers; known before the caller hears silence. */
  remembered?: string;
  /** The note for the next answer: how long the caller waited for it. */
  wait?: string;
  /** Since when the assistant can be heard, or not. */
  audibleAt?: number;
  silentAt?: number;
  kill?: Kill;
  /** What the killed worker has left: how far it is with taking over. */
  after: {told?: true; takenOverMs?: Millis; heard?: true; answered?: true};
}

/** The processes of one call, by the names the demo gave them. */
export interface Carriers {
  readonly edge: string;
  readonly workers: readonly string[];
}

/** Follows three calls through every process and prints what happens, in order. */
export class Story {
  readonly #tell: (happening: Happening) => void;
  readonly #threads: Thread[] = [];
  #beganAt: number | undefined;
  #over = false;

  constructor(tell: (happening: Happening) => void) {
    this.#tell = tell;
  }

  /** A call was placed. Resolves when the model has a session for it, so that the next call cannot be mistaken for it. */
  follow(who: Person, call: FakeCall): Promise<void> {
    this.#beganAt ??= performance.now();
    const thread: Thread = {who, call, sessionOpened: Promise.withResolvers(), workers: [], after: {}};
    this.#threads.push(thread);
    this.#say(thread, 'note', `dials, and ${who.about}`);
    call.on(event => this.#onPhone(thread, event));
    return thread.sessionOpened.promise;
  }

  /** The worker of a call was killed. */
  killed(call: FakeCall, kill: Kill): void {
    const thread = this.#threads.find(one => one.call === call);
    if (thread) thread.kill = kill;
  }

  /** Whether the call of a killed worker goes on: the assistant has said the rest, or nobody can wait for it any more. */
  goesOn(call: FakeCall): boolean {
    const {kill, after} = this.#threads.find(thread => thread.call === call) ?? {};
    return kill !== undefined && (after?.answered === true || performance.now() - kill.at > LONGEST_TAKEOVER);
  }

  /** How long after the kill another worker heard the caller; undefined if none did. */
  takenOverAfter(call: FakeCall): Millis | undefined {
    return this.#threads.find(thread => thread.call === call)?.after.takenOverMs;
  }

  /** Prints nothing more: from now on the demo ends, not the calls. */
  end(): void {
    this.#over = true;
  }

  /** Which edge and workers carried the call. */
  carriersOf(call: FakeCall): Carriers {
    const {edge, workers = []} = this.#threads.find(thread => thread.call === call) ?? {};
    return {edge: edge ?? 'none', workers};
  }

  /** The model's session for it, as far as the order in which they opened can tell. */
  sessionOf(call: FakeCall): string | undefined {
    return this.#threads.find(thread => thread.call === call)?.session;
  }

  /** A line of an edge's log. */
  onEdge(name: string, {json}: LogLine): void {
    const thread = this.#threads.find(({call}) => call.callSid === json?.['callSid']);
    if (!thread || json?.['msg'] !== 'stream began') return;
    thread.edge = name;
    this.#carried(thread);
  }

  /** A line of a worker's log. */
  onWorker(name: string, {json}: LogLine): void {
    const thread = this.#threads.find(({call}) => call.callSid === json?.['callSid']);
    if (!thread) return;
    if (json?.['msg'] === 'caller heard' && thread.kill && thread.workers.at(-1) === name)
      this.#takenOver(thread, name);
    if (json?.['msg'] !== 'call taken') return;
    thread.workers.push(name);
    if (!thread.told) this.#carried(thread);
    else if (!thread.kill) this.#say(thread, 'note', `moves to ${name} (${String(json['cause'])})`);
  }

  /** A line of the simulated model. */
  onModel({json = {}}: LogLine): void {
    const {event, session} = json;
    if (event === 'session opened') {
      const {caller} = json;
      const known = caller !== undefined && this.#threads.find(({modelCaller}) => modelCaller === caller);
      const thread = known || this.#threads.find(one => one.session === undefined);
      if (!thread) return;
      thread.session = String(session);
      thread.modelCaller = caller;
      return thread.sessionOpened.resolve();
    }
    const thread = this.#threads.find(one => one.session === session);
    if (!thread) return;
    switch (event) {
      case 'model answered':
        return this.#answered(thread, json);
      case 'session closed':
        return this.#brokeOff(thread, json);
      case 'item truncated':
        return this.#truncated(thread, json);
      case 'request refused':
        return this.#say(thread, 'trouble', `the model refused a request: ${String(json['message'])}`);
      default:
        return undefined;
    }
  }

  /** The session of a killed worker is over: what the caller has heard of its sentence. */
  #brokeOff(thread: Thread, {unfinished}: Readonly<Record<string, unknown>> = {}): void {
    const {kill, after, audibleAt} = thread;
    if (!kill || after.told) return;
    after.told = true;
    if (typeof unfinished === 'string' && audibleAt !== undefined) {
      this.#say(thread, 'assistant', `“${heardPart(unfinished, kill.at - audibleAt)} …`, thread.wait);
      delete thread.wait;
    }
    this.#say(thread, 'kill', `${kill.worker} is killed in mid-sentence (process ${kill.pid})`);
  }

  #takenOver(thread: Thread, worker: string): void {
    const {kill, after} = thread;
    if (!kill || after.takenOverMs !== undefined) return;
    this.#brokeOff(thread);
    after.takenOverMs = performance.now() - kill.at;
    this.#say(thread, 'note', `${worker} has taken the call over`, `${ms(after.takenOverMs)} after the kill`);
  }

  #answered(thread: Thread, {words, calls}: Readonly<Record<string, unknown>>): void {
    if (typeof words === 'string' && words.trim() !== '') {
      const isRest = thread.after.takenOverMs !== undefined && !thread.after.answered;
      this.#say(thread, 'assistant', isRest ? `… ${words.trim()}”` : quoted(words.trim()), thread.wait);
      delete thread.wait;
      if (isRest) thread.after.answered = true;
    }
    for (const {name} of Array.isArray(calls) ? (calls as {name?: unknown}[]) : []) {
      const what = name === 'hang_up' ? ': the line closes when the last word was heard' : '';
      this.#say(thread, 'note', `the assistant uses its tool ${String(name)}${what}`);
    }
  }

  #truncated(thread: Thread, {heardMs, generatedMs}: Readonly<Record<string, unknown>>): void {
    const remembered = `the model remembers ${seconds(heardMs)} of the ${seconds(generatedMs)} it had made`;
    // The phone is further away than the model.
    if (thread.interruptedAt === undefined) this.#say(thread, 'note', remembered);
    else thread.remembered = remembered;
  }

  #onPhone(thread: Thread, event: FakeCallEvent): void {
    switch (event.type) {
      case 'webhook':
        if (event.webhook.purpose === 'voice') thread.answeredAfter = event.webhook.ms;
        break;
      case 'streamOpened':
        thread.streamAt ??= event.at;
        break;
      case 'silent':
        thread.silentAt = event.at;
        break;
      case 'audible':
        if (thread.kill && !thread.after.heard) {
          thread.after.heard = true;
          const {at} = thread.kill;
          const silence = ms(event.at - Math.max(at, thread.silentAt ?? at));
          thread.wait = `continues ${ms(event.at - at)} after the kill, after ${silence} of silence`;
          break;
        }
        thread.audibleAt = event.at;
        if (thread.callerDoneAt !== undefined)
          thread.wait = `${seconds(event.at - thread.callerDoneAt)} after the caller`;
        else if (thread.streamAt !== undefined) thread.wait = `first word after ${ms(event.at - thread.streamAt)}`;
        delete thread.callerDoneAt;
        delete thread.streamAt;
        break;
      case 'callerSpeaks': {
        const over = thread.call.hearsAssistant;
        if (over) thread.interruptedAt = event.at;
        this.#say(thread, over ? 'interrupt' : 'caller', quoted(wordsOf(event.clip)));
        break;
      }
      case 'callerSpoke':
        thread.callerDoneAt = event.at;
        break;
      case 'cleared': {
        if (thread.interruptedAt === undefined) break;
        const silence = `silence ${ms(event.at - thread.interruptedAt)} after ${thread.who.name}’s first sound`;
        this.#say(thread, 'note', thread.remembered ? `${silence}; ${thread.remembered}` : silence);
        delete thread.interruptedAt;
        delete thread.remembered;
        break;
      }
      case 'alert':
        this.#say(thread, 'trouble', `${event.alert.code}: ${event.alert.detail}`);
        break;
      case 'ended':
        thread.sessionOpened.resolve();
        this.#say(thread, 'note', event.endedBy === 'platform' ? 'the assistant hangs up' : event.reason);
        break;
      case 'twiml':
      case 'bridged':
      case 'streamEnded':
      case 'markEchoed':
      case 'callerPressed':
        break;
    }
  }

  #carried(thread: Thread): void {
    const {edge, workers, told, answeredAfter} = thread;
    if (edge === undefined || workers.length === 0 || told) return;
    thread.told = true;
    const figure = answeredAfter === undefined ? undefined : `answered in ${ms(answeredAfter)}`;
    this.#say(thread, 'note', `is connected: ${edge}, ${workers.join(', ')}`, figure);
  }

  #say({who}: Thread, kind: Happening['kind'], text: string, figure?: string): void {
    if (this.#over) return;
    const at = (performance.now() - (this.#beganAt ?? 0)) / 1_000;
    this.#tell({at, who, kind, text, figure});
  }
}

function wordsOf(clip: string): string {
  return clip in callerClips ? callerClips[clip as keyof typeof callerClips].text : clip;
}

function quoted(text: string): string {
  return `“${text}”`;
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

function seconds(value: unknown): string {
  return `${(Number(value) / 1_000).toFixed(2)} s`;
}
