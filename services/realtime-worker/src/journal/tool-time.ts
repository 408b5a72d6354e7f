import type {Millis} from '@voicebridge/shared/time.ts';

/** How long the model has waited for tools since the caller said something. Tools that run at the same time count once. */
export class ToolTime {
  #sum: Millis = 0;
  #since: Millis | undefined;

  /** The caller said something: what tools did before is not what they wait for. */
  restart(at: Millis): void {
    this.#sum = 0;
    if (this.#since !== undefined) this.#since = at;
  }

  /** Whether a tool runs from now on. */
  run(isRunning: boolean, at: Millis): void {
    if (isRunning) {
      this.#since ??= at;
      return;
    }
    this.#sum = this.until(at);
    this.#since = undefined;
  }

  until(at: Millis): Millis {
    return this.#sum + (this.#since === undefined ? 0 : at - this.#since);
  }
}
