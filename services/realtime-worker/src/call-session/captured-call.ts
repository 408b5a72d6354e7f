import type {StoredVersion} from '@voicebridge/assistant/version.ts';
import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {Capture, CaptureDirection, CaptureSection, CaptureSocket} from '@voicebridge/shared/capture/capture.ts';
import {hushed} from '@voicebridge/shared/capture/hushed-audio.ts';
import type {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {WorkerToEdge} from '@voicebridge/shared/protocol/worker-to-edge.ts';
import type {Assistant} from '../assistant.ts';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import type {EdgeEvent} from '../events/call-event.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import {capturedModel, type SessionTap} from '../model/captured-model.ts';
import type {ModelCommand, ModelEvent} from '../model/model-adapter.ts';
import {runItself, type Tool} from '../tools/tool.ts';
import type {CallDeps} from './call-deps.ts';
import {CaptureConsent} from './capture-consent.ts';
import {type Agreement, CaptureMask, maskedFacts} from './mask-capture.ts';

/** What captures need of a worker. */
export interface WorkerCapture {
  readonly capture: Capture;
  /** An assistant as data, by the hash of its version; undefined: it is not known here. */
  readonly storedVersion: (hash: string) => StoredVersion | undefined;
  /** Assistants say whether their calls are captured; otherwise all are. */
  readonly assistantsDecide?: boolean;
}

/** How the capture of a call is kept where its assistant decides. */
export interface CaptureKeeping {
  /** The caller has agreed while another worker had the call. */
  readonly wasGiven: boolean;
  readonly send: (frame: WorkerToEdge) => void;
  /** Writes to the journal that the caller has agreed. */
  readonly agreed: () => void;
}

/** What a call session itself tells its capture. */
export interface CallTap {
  began(call: CallEntry, assistant: Assistant, cause: string, keeping: CaptureKeeping): void;
  /** The edge says this; the caller may agree by it. */
  edge(frame: EdgeEvent): void;
  /** This is written to the journal; the caller may have been told by it. */
  noted(fact: Fact): void;
  /** Something from outside reached the call by another way than its stream and its model. */
  told(message: object): void;
  /** The call decided something; what its stream and its model do not show is written here. */
  effect(effect: CallEffect): void;
  decided(message: object): void;
  over(): void;
}

/**
 * The same dependencies for one call, with all that crosses them written to a capture: the one door of captures in a worker.
 * Without captures they are returned as they are.
 */
export function captured(deps: CallDeps, callSid: CallSid): CallDeps {
  return deps.capture ? new CapturedCall(deps, deps.capture, callSid).deps : deps;
}

class CapturedCall implements CallTap {
  readonly #inner: CallDeps;
  readonly #worker: WorkerCapture;
  readonly #begin: () => CaptureSection;
  readonly #mask = new CaptureMask(
    () => this.#tools,
    () => this.#agreement,
  );
  #section: CaptureSection | undefined;
  #tools: readonly Tool[] = [];
  #sessions = 0;
  /** Undefined: all calls are captured. */
  #consent: CaptureConsent | undefined;
  #keeping: CaptureKeeping | undefined;

  constructor(inner: CallDeps, worker: WorkerCapture, callSid: CallSid) {
    this.#inner = inner;
    this.#worker = worker;
    const since = inner.clock.now();
    const held = worker.assistantsDecide === true;
    this.#begin = () => worker.capture.begin({half: 'worker', callSid, about: {}, since, held});
  }

  get deps(): CallDeps {
    const {adapter, assistantNamed, runTool = runItself} = this.#inner;
    return {
      ...this.#inner,
      tap: this,
      adapter: capturedModel(adapter, () => this.#session()),
      assistantNamed: (name, given) => {
        const found = assistantNamed(name, given);
        this.told({kind: 'assistant', name, found: found && this.#described(found)});
        if (found) this.#tools = [...this.#tools, ...found.tools];
        return found;
      },
      runTool: async (tool, args, job) => {
        const callId = job.key.slice(job.callSid.length + 1);
        this.#line('tool', 'out', {callId, name: tool.name});
        const outcome: ToolOutcome = await runTool(tool, args, job).catch((thrown: unknown) => {
          this.#line('tool', 'in', {callId, threw: true});
          throw thrown;
        });
        this.#line('tool', 'in', {callId, outcome: this.#mask.outcome(tool.name, outcome)});
        return outcome;
      },
    };
  }

  began(call: CallEntry, assistant: Assistant, cause: string, keeping: CaptureKeeping): void {
    const {streamGraceMs, rotateAfterMs} = this.#inner;
    this.#tools = assistant.tools;
    this.told({
      kind: 'began',
      cause,
      epoch: call.epoch,
      assistantName: call.assistant,
      facts: {direction: call.facts['direction'] ?? 'inbound'},
      assistant: this.#described(assistant),
      settings: {streamGraceMs, rotateAfterMs},
      traits: this.#inner.adapter.traits,
    });
    if (this.#worker.assistantsDecide !== true) return;
    this.#keeping = keeping;
    this.#consent = new CaptureConsent(assistant, keeping.wasGiven);
    if (this.#consent.verdict === 'keep') this.#section?.keep();
    if (this.#consent.verdict === 'drop') this.#section?.drop();
  }

  edge(frame: EdgeEvent): void {
    if (frame.kind === 'began') {
      this.told({kind: 'stream'});
      const verdict = this.#consent?.verdict ?? 'asked';
      if (verdict !== 'asked') this.#keeping?.send({kind: 'capture', verdict});
    }
    if (this.#consent?.edge(frame)) this.#agreed();
  }

  noted(fact: Fact): void {
    if (this.#consent?.noted(fact)) this.#agreed();
  }

  told(message: object): void {
    this.#line('call', 'in', message);
  }

  effect(effect: CallEffect): void {
    if (effect.do === 'leave') this.decided({kind: 'leave', intent: effect.intent, reason: effect.reason});
    else if (effect.do === 'away') this.decided({kind: 'away', away: effect.away, to: effect.order.kind});
    else if (effect.do === 'hold' || effect.do === 'handOver') this.decided({kind: effect.do});
  }

  decided(message: object): void {
    this.#line('call', 'out', message);
  }

  over(): void {
    this.#section?.end();
  }

  get #agreement(): Agreement {
    if (this.#worker.assistantsDecide !== true) return 'not-needed';
    return this.#consent?.agreement ?? 'asked';
  }

  #agreed(): void {
    this.#section?.keep();
    this.#keeping?.send({kind: 'capture', verdict: 'keep'});
    this.#keeping?.agreed();
  }

  #line(socket: CaptureSocket, direction: CaptureDirection, message: object): void {
    this.#section ??= this.#begin();
    this.#section.line(socket, direction, message);
  }

  #session(): SessionTap {
    const session = this.#sessions++;
    const sent = (message: object) => this.#line('model', 'out', {session, ...message});
    return {
      opened: () => sent({do: 'open'}),
      command: (command: ModelCommand) => sent({command: this.#mask.command(command)}),
      closed: () => sent({do: 'close'}),
      event: (event: ModelEvent) => {
        const masked = event.type === 'audio' ? this.#withAudio(event) : this.#mask.event(event);
        this.#line('model', 'in', {session, event: masked});
      },
    };
  }

  #withAudio(event: Extract<ModelEvent, {type: 'audio'}>): object {
    this.#section ??= this.#begin();
    const isAsked = this.#agreement === 'asked' && this.#consent?.verdict !== 'drop';
    const voice = isAsked ? hushed(event.payload) : event.payload;
    return {...event, payload: this.#section.audio(voice)};
  }

  #described(assistant: Assistant): object {
    const {version, given, tools} = assistant;
    const stored = this.#worker.storedVersion(version);
    return {version, given: maskedFacts(given), stored, tools: tools.filter(({runs}) => runs === 'later')};
  }
}
