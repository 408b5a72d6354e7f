import {MODEL_TROUBLES, type ModelTrouble} from '@voicebridge/shared/observability/metric-labels.ts';
import {background, type Log} from '@voicebridge/shared/observability/log.ts';
import {tellReason, type Metrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Cancel, Clock, Millis} from '@voicebridge/shared/time.ts';
import {
  isFatal,
  type ModelAdapter,
  type ModelEvent,
  type ModelListener,
  type ModelSession,
  type ModelTraits,
  type SessionSettings,
} from '../model/model-adapter.ts';
import {ModelHealth, type ModelSign} from './model-health.ts';
import {MODEL_CURES} from './worker-health.ts';

/** A session that is not configured by then is late. A caller waits meanwhile, and does so for six seconds at most. */
export const LATE_AFTER: Millis = 3_000;

/** The longest explanation of a server in a line, in characters. */
const DETAIL_MAX = 500;

/** Instead of a caller's identity, so that the model server sees that no caller is behind a try. */
export const TRY_ID = 'voicebridge-try';

export interface ModelWatchOptions {
  readonly adapter: ModelAdapter;
  /** The settings of a session that is opened as a try. */
  readonly settings: SessionSettings;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'modelUp' | 'modelTrouble'>;
  readonly log: Log;
  /** Whether the words of the model's server may be in the log; else only how many there are. */
  readonly logModelDetails: boolean;
  /** This worker cannot use the model any more, or can again. */
  readonly changed?: () => void;
}

/**
 * The door to the model, which knows whether it opens: watches every session that is opened through it, and tries by
 * itself as long as `ModelHealth` doubts. A try is a session that is configured and closed; it costs no tokens.
 */
export class ModelWatch implements ModelAdapter, Disposable {
  readonly traits: ModelTraits;
  readonly #options: ModelWatchOptions;
  readonly #health = new ModelHealth();
  #known = Promise.withResolvers<void>();
  #sickSince: Millis | undefined;
  #timer: Cancel = () => {};
  #closed = false;

  constructor(options: ModelWatchOptions) {
    this.#options = options;
    this.traits = options.adapter.traits;
    this.#measure();
  }

  /** Why the model cannot be used; undefined while it can, or nobody knows. */
  get trouble(): ModelTrouble | undefined {
    return this.#health.trouble;
  }

  /** Whether a session was ever configured. */
  get hasWorked(): boolean {
    return this.#health.hasWorked;
  }

  open(settings: SessionSettings): ModelSession {
    const {adapter, clock} = this.#options;
    return new WatchedSession(adapter.open(settings), clock, (sign, detail) => this.#saw(sign, detail));
  }

  /** Tries before any caller does. Resolves when it is known whether the model can be used: after two late tries at most. */
  async preflight(): Promise<void> {
    this.#try();
    await this.#known.promise;
  }

  #try(): void {
    const {settings, log} = this.#options;
    const session = this.open({...settings, safetyId: TRY_ID});
    const close = () => background(session[Symbol.asyncDispose](), log, 'closing a try');
    const cancel = this.#options.clock.after(2 * LATE_AFTER, close);
    session.onEvent(({type}) => {
      if (type !== 'ready' && type !== 'lost') return;
      cancel();
      close();
    });
  }

  #saw(sign: ModelSign, detail: string): void {
    if (this.#closed) return;
    const {clock, log, logModelDetails, changed} = this.#options;
    const words = logModelDetails ? {detail: detail.slice(0, DETAIL_MAX)} : {detailLength: detail.length};
    const before = this.trouble;
    const at = clock.now();
    this.#health.on(sign, at);
    const {trouble} = this;
    if (trouble !== undefined || this.hasWorked) this.#known.resolve();
    if (trouble !== before) {
      this.#measure();
      if (trouble !== undefined)
        log.error({reason: trouble, cure: MODEL_CURES[trouble], ...words}, 'model cannot be used');
      else log.info({lastedMs: Math.round(at - (this.#sickSince ?? at))}, 'model can be used again');
      if (before === undefined) this.#sickSince = at;
      changed?.();
    }
    this.#arm();
  }

  #arm(): void {
    this.#timer();
    const {clock} = this.#options;
    const {deadline} = this.#health;
    if (deadline === undefined) return;
    this.#timer = clock.after(Math.max(0, deadline - clock.now()), () => {
      if (this.#health.due(clock.now())) this.#try();
      else this.#arm();
    });
  }

  #measure(): void {
    const {metrics} = this.#options;
    metrics.modelUp.set(this.trouble === undefined ? 1 : 0);
    tellReason(metrics.modelTrouble, MODEL_TROUBLES, this.trouble);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer();
    this.#known.resolve();
  }
}

/** A session that tells what it shows of the model's health: how its opening ended, once; and a cause that others share. */
class WatchedSession implements ModelSession {
  readonly #session: ModelSession;
  readonly #clock: Clock;
  readonly #tell: (sign: ModelSign, detail: string) => void;
  #isOpening = true;
  #late: Cancel = () => {};

  constructor(session: ModelSession, clock: Clock, tell: (sign: ModelSign, detail: string) => void) {
    this.#session = session;
    this.#clock = clock;
    this.#tell = tell;
  }

  send(command: Parameters<ModelSession['send']>[0]): void {
    this.#session.send(command);
  }

  hear(bytes: Buffer, from: number, to: number): void {
    this.#session.hear(bytes, from, to);
  }

  setPaused(...args: Parameters<ModelSession['setPaused']>): void {
    this.#session.setPaused(...args);
  }

  onEvent(listener: ModelListener): void {
    // From the first listener on: what a session that nobody listens to has told already is not known here.
    if (this.#isOpening) {
      this.#late = this.#clock.after(LATE_AFTER, () => {
        this.#isOpening = false;
        this.#tell({type: 'late'}, `not configured within ${LATE_AFTER} ms`);
      });
    }
    this.#session.onEvent((event, arrivedAt) => {
      this.#watch(event);
      listener(event, arrivedAt);
    });
  }

  #watch(event: ModelEvent): void {
    switch (event.type) {
      case 'ready':
        this.#opened();
        return this.#tell({type: 'opened'}, '');
      case 'responseEnded':
        if (event.status === 'completed') this.#tell({type: 'answered'}, '');
        return;
      case 'lost': {
        const wasOpening = this.#isOpening;
        this.#opened();
        if (wasOpening || isFatal(event.cause)) this.#tell({type: 'failed', cause: event.cause}, event.detail);
        return;
      }
      default:
    }
  }

  #opened(): void {
    this.#isOpening = false;
    this.#late();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#opened();
    await this.#session[Symbol.asyncDispose]();
  }
}
