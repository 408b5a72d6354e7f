import type {CallEntry} from '@voicebridge/shared/call-directory/call-directory.ts';
import type {EndReason} from '@voicebridge/shared/cdr/call-record.ts';
import {logOfCall, type Log} from '@voicebridge/shared/observability/log.ts';
import {END_OF_LIMIT} from '@voicebridge/shared/spend/limits.ts';
import {payerOf} from '@voicebridge/shared/spend/payer.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Assistant} from '../assistant.ts';
import {CallCore} from '../call/call-core.ts';
import type {CallEvent} from '../events/call-event.ts';
import {CallJournal} from '../journal/call-journal.ts';
import {RecordingTap} from '../recording/recording-tap.ts';
import {Absences} from './absences.ts';
import {AfterPause} from './after-pause.ts';
import {BackgroundTools} from './background-tools.ts';
import type {CallDeps, CallStart, OwnedCall} from './call-deps.ts';
import {CallSpend} from './call-spend.ts';
import {CallerStream, type StreamCounts} from './caller-stream.ts';
import {coreSettings} from './core-settings.ts';
import {DeadlineTimer} from './deadline-timer.ts';
import {FenceWatch} from './fence-watch.ts';
import {Leaving} from './leaving.ts';
import {MendedEvents} from './mended-events.ts';
import {OperatorReports} from './operator-reports.ts';
import {ModelSessions} from './model-sessions.ts';
import {Reaction} from './reaction.ts';
import {Rescue} from './rescue.ts';
import {SpeakingAssistant} from './speaking-assistant.ts';

/** What the parts of a call tell its session, and ask of it. */
export interface CallDoor {
  readonly call: OwnedCall;
  /** The call is over for this worker. */
  isOver(): boolean;
  /** Something happened. `arrivedAt`: when it came in from the network; undefined: now. */
  on(event: CallEvent, arrivedAt?: Millis): void;
  /** A frame of the caller: base64 μ-law as text in `bytes`, from `from` up to, but not including, `to`. */
  callerFrame(timestamp: Millis, bytes: Buffer, from: number, to: number): void;
  streamClosed(counts: StreamCounts): void;
  /** The call ends, and this worker reports it. */
  end(reason: EndReason): void;
  /** Another worker has the call. `why`: for the log. */
  release(why: string): void;
  /** Hands the call over at the next turn boundary. */
  drain(): void;
  /** A limit of money is reached, which ends calls with this reason. */
  limitReached(reason: EndReason): void;
}

/** What one call consists of on this worker: the core, which decides, and whatever holds a socket, a timer or Redis. */
export interface CallParts {
  readonly core: CallCore;
  readonly log: Log;
  readonly speaking: SpeakingAssistant;
  readonly journal: CallJournal;
  readonly stream: CallerStream;
  readonly model: ModelSessions;
  readonly tools: BackgroundTools;
  readonly recording: RecordingTap | undefined;
  readonly spend: CallSpend;
  readonly reaction: Reaction;
  readonly mended: MendedEvents;
  readonly reports: OperatorReports;
  readonly timer: DeadlineTimer;
  readonly leaving: Leaving;
  readonly rescue: Rescue;
  readonly absences: Absences;
  readonly afterPause: AfterPause;
}

/** Makes the parts of a call and joins them to each other. Nothing is opened, written or timed by it. */
export function wireCall(
  deps: CallDeps,
  found: Assistant,
  call: CallEntry,
  start: CallStart,
  door: CallDoor,
): CallParts {
  const {callSid, epoch} = call;
  const {clock, worker, directory, metrics, channels} = deps;
  const {cause, entries, seal, restored} = start;
  const log = logOfCall(deps.log, callSid, call.facts['traceparent']);
  const speaking = new SpeakingAssistant(found, call, deps.assistantNamed);
  const assistant = speaking.current;
  const settings = coreSettings(deps, assistant, call, start);
  const core = new CallCore(settings, clock.now(), restored);
  const stream = new CallerStream({
    callSid,
    channels,
    clock,
    log,
    onFrame: (frame, epoch) => door.on({type: 'edge', frame, epoch}),
    onAudio: (timestamp, bytes, from, to) => door.callerFrame(timestamp, bytes, from, to),
    onUndelivered: (since, leftAt, gaveUp) =>
      // A worker that wakes has not read yet what was confirmed meanwhile.
      afterPause.run(() => {
        if (door.isOver()) return;
        const ago = (moment: Millis) => clock.now() - moment;
        deps.tap?.told({
          kind: 'undelivered',
          sinceMsAgo: since === undefined ? null : ago(since),
          leftMsAgo: ago(leftAt),
          gaveUp,
        });
        recording?.undelivered(since, leftAt, gaveUp);
        door.on({type: 'undelivered', since, leftAt, gaveUp});
      }),
    onNewerOwner: () => fence.doubt(),
    onClosed: counts => door.streamClosed(counts),
  });
  const journal = new CallJournal({
    directory,
    callSid,
    epoch,
    clock,
    log,
    entries,
    currentEntry: () => ({...call, owner: worker, ...(stream.entry ? {stream: stream.entry} : {})}),
    mayCompact: deps.mayCompact,
    seal,
    onFenced: () => door.release('fenced by the directory'),
  });
  const fence = new FenceWatch({
    directory,
    callSid,
    epoch: () => journal.epoch,
    clock,
    log,
    fenced: () => {
      stream.drop();
      door.release('a newer owner uses the channel');
    },
  });
  const recording =
    assistant.recording && deps.openRecording
      ? new RecordingTap({
          rule: assistant,
          open(fromMs, inheritedMs) {
            const recorded = {callSid, assistant: call.assistant, epoch: journal.epoch, fromMs};
            return deps.openRecording?.(inheritedMs === undefined ? recorded : {...recorded, inheritedMs});
          },
          aheadMs: at => core.aheadMs(at),
          callTime: settings.callTime,
          roundTrip: () => ({typical: core.roundTripMs, fastest: core.fastestRoundTripMs}),
          onBegin: fromMs => journal.write({is: 'recording', fromMs}),
          onFailure: err => log.error({err}, 'recording failed'),
        })
      : undefined;
  const spend = new CallSpend({
    ...deps,
    payer: {...payerOf(call), assistant: assistant.name},
    owner: epoch,
    model: assistant.model,
    limits: deps.spendLimits,
    log,
    reached: limit => door.limitReached(END_OF_LIMIT[limit]),
  });
  const afterPause = new AfterPause({
    ...deps,
    log,
    ownerKnown: () => journal.verifyOwnership(),
    woke: ({ms, until}) => door.on({type: 'paused', from: until - ms}),
  });
  const model = new ModelSessions(start.model, {
    ...deps,
    log,
    settings: () => ({...speaking.sessionSettings, ...core.serverRights}),
    whenOwned: happens => afterPause.run(happens),
    onEvent: (event, arrivedAt) => door.on(event, arrivedAt),
    onReady: ms => {
      journal.write({is: 'modelReady', ms});
      metrics.modelReadySeconds.observe(ms / 1_000);
    },
  });
  const tools = new BackgroundTools({
    tools: () => speaking.current.tools,
    callSid,
    clock,
    pauses: deps.pauses,
    log,
    ledger: deps.toolLedger,
    send: deps.send,
    runTool: deps.runTool,
    logModelDetails: deps.logModelDetails,
    owner: `${worker}:${epoch}`,
    isOwnerLost: cause !== 'worker-drained',
    journalled: async () => {
      await journal.written();
      return !door.isOver() && !journal.fenced;
    },
    finished: event => door.on(event),
  });
  const shared = {call: door.call, deps, log, journal, stream, isOver: () => door.isOver()};
  const release = (why: string) => door.release(why);
  const rescue = new Rescue({...shared, cause, release});
  const leaving = new Leaving({
    ...shared,
    rescue,
    failureSay: assistant.failureSay,
    isHeld: () => core.heldUntil !== undefined,
    end: reason => door.end(reason),
    release,
    drain: () => door.drain(),
  });
  const absences = new Absences({
    ...shared,
    isWanted: away => !door.isOver() && core.awayNow === away,
    returned: event => {
      deps.tap?.told({kind: 'returned', away: event.away, outcome: event.outcome});
      door.on(event);
    },
  });
  return {
    core,
    log,
    speaking,
    journal,
    stream,
    model,
    tools,
    recording,
    spend,
    reaction: new Reaction(clock),
    mended: new MendedEvents(metrics, log),
    reports: new OperatorReports(deps, log),
    timer: new DeadlineTimer(clock, () => door.on({type: 'time'})),
    leaving,
    rescue,
    absences,
    afterPause,
  };
}
