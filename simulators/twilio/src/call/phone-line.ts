import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {readClip} from '../../../audio/clips.ts';
import type {AudioFrame} from '../phone/audio-frames.ts';
import type {FakeCallEvent} from '../report/call-report.ts';
import type {CallStreams} from './call-streams.ts';
import {type CallerAct, type CallerStep, ScriptedCaller} from '../phone/caller-script.ts';
import {FrameClock} from '../phone/frame-clock.ts';
import {Microphone} from '../phone/microphone.ts';
import type {TimerWheel, Wheeled} from '../timer-wheel.ts';

export interface PhoneLineDeps<Call> {
  readonly call: Call;
  readonly script: readonly CallerStep<Call>[];
  readonly streams: CallStreams;
  readonly clock: Clock;
  readonly wheel: TimerWheel;
  readonly tag: number | undefined;
  readonly dtx: boolean;
  readonly emit: (event: FakeCallEvent) => void;
  readonly press: (digit: string) => void;
  readonly hangUp: () => void;
}

/**
 * The caller's phone: a frame each 20 ms whether anybody listens or not, and a caller who follows a script. What is said
 * while no stream is open is lost, as on a real line.
 */
export class PhoneLine<Call> implements Wheeled {
  readonly #deps: PhoneLineDeps<Call>;
  readonly #mouth: Microphone;
  readonly #caller: ScriptedCaller<Call>;
  readonly #frames: FrameClock;
  #scriptRuns = false;
  #muted = false;
  #heldUntil: Millis = -Infinity;
  #held: AudioFrame[] = [];
  #hole: {readonly from: Millis; readonly until: Millis; readonly timestamps: 'goOn' | 'stand'} | undefined;
  #leave: Cancel = () => {};

  constructor(deps: PhoneLineDeps<Call>) {
    this.#deps = deps;
    this.#mouth = new Microphone(deps.tag);
    this.#caller = new ScriptedCaller(deps.script);
    this.#frames = new FrameClock(deps.clock.now());
  }

  /** The call is answered. */
  pickUp(): void {
    const {wheel, clock} = this.#deps;
    this.#frames.restart(clock.now());
    wheel.add(this);
    this.#leave = () => wheel.remove(this);
  }

  hangUp(at: Millis): void {
    this.#leave();
    this.#mouth.stop(at);
  }

  startScript(): void {
    this.#scriptRuns = true;
  }

  /** A stream has opened: its first frame leaves at once. */
  streamOpened(at: Millis): void {
    if (this.#deps.streams.live === 1) this.#frames.restart(at);
    this.tick(at);
    this.#deps.wheel.wakeFor(this.dueAt);
  }

  say(name: string, audio: Buffer): void {
    this.#mouth.say(name, audio);
  }

  get spoken() {
    return this.#mouth.spoken;
  }

  get scriptFinished(): boolean {
    return this.#caller.finished;
  }

  get dueAt(): Millis {
    return this.#frames.dueAt;
  }

  tick(at: Millis): void {
    for (let due = this.#frames.take(at); due !== undefined; due = this.#frames.take(at)) this.#send(at, due);
    if (this.#scriptRuns) this.#act(at);
  }

  /** Sends the frame that was due at `due`. A busy machine sends it late, but loses the same frames. */
  #send(at: Millis, due: Millis): void {
    const {streams, emit, dtx} = this.#deps;
    const {frame, began, ended} = this.#mouth.next(at);
    if (began !== undefined) emit({type: 'callerSpeaks', at, clip: began});
    const isLost = this.#hole !== undefined && due >= this.#hole.from && due < this.#hole.until;
    const skips = this.#muted || (dtx && !frame.speech && this.#held.length === 0);
    if (skips || (isLost && this.#hole?.timestamps === 'goOn')) streams.skipFrame();
    else if (!isLost) this.#held.push(frame);
    if (at >= this.#heldUntil) {
      for (const held of this.#held) streams.frame(held);
      this.#held = [];
    }
    if (ended) emit({type: 'callerSpoke', at: ended.endedAt, clip: ended.clip});
  }

  #act(at: Millis): void {
    const {streams, call} = this.#deps;
    const view = () => ({
      call,
      talking: this.#mouth.talking,
      assistantAudibleFor: streams.audibleFor(at),
      assistantHeardUntil: streams.heardUntil(at),
    });
    for (let act = this.#caller.tick(at, view()); act; act = this.#caller.tick(at, view())) this.#perform(act, at);
  }

  #perform(act: CallerAct<Call>, at: Millis): void {
    switch (act.do) {
      case 'say':
        if ('clip' in act) this.say(act.clip, readClip(act.clip));
        else this.say(act.name ?? 'audio', act.audio);
        return;
      case 'press':
        this.#deps.emit({type: 'callerPressed', at, digit: act.digit});
        return this.#deps.press(act.digit);
      case 'stall':
        this.#heldUntil = at + act.ms;
        return;
      case 'lose':
        this.#hole = {from: at + act.after, until: at + act.after + act.ms, timestamps: act.timestamps};
        return;
      case 'mute':
      case 'unmute':
        this.#muted = act.do === 'mute';
        return;
      case 'hangUp':
        return this.#deps.hangUp();
    }
  }
}
