import {leaksIn} from '@voicebridge/shared/testing/canaries.ts';
import {clips} from '../../simulators/audio/clips.ts';
import type {RunningProcess} from '../local-stack/processes.ts';

/** Everything that simulated callers and the simulated model say. */
export const SENTENCES: readonly string[] = Object.values(clips).map(({text}) => text);

/** Searches what processes tell the world, their logs and their metrics, for what may not be there. */
export class LeakWatch {
  readonly #processes: RunningProcess[] = [];
  readonly #found: string[] = [];

  /** A process whose metrics are to be looked at when all is over. */
  watch(process: RunningProcess): void {
    this.#processes.push(process);
  }

  lookAt(where: string, text: string): void {
    const leaks = leaksIn(text, SENTENCES);
    if (leaks.length > 0) this.#found.push(`${where}: ${leaks.join(', ')} in: ${text.slice(0, 500)}`);
  }

  /** The metrics of the processes that still answer. */
  async lookAtMetrics(): Promise<void> {
    await Promise.all(
      this.#processes.map(async ({name, url}) => {
        const answer = await fetch(new URL('/metrics', url), {signal: AbortSignal.timeout(2_000)}).catch(
          () => undefined,
        );
        const text = await answer?.text().catch(() => '');
        for (const line of (text ?? '').split('\n')) this.lookAt(`metrics of ${name}`, line);
      }),
    );
  }

  throwIfAny(): void {
    if (this.#found.length > 0)
      throw new Error(
        `${this.#found.length} times something was told that may not be:\n${this.#found.slice(0, 5).join('\n')}`,
      );
  }
}
