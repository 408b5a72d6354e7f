import type {Cancel} from '@voicebridge/shared/time.ts';

/** The streams that are open for each session, so that signing out ends them at once. */
export class OpenStreams {
  readonly #bySession = new Map<string, Set<() => void>>();

  /** `end` is called when this session ends. Returns how to take that back, once the stream has ended by itself. */
  add(session: string, end: () => void): Cancel {
    const all = this.#bySession.get(session) ?? new Set();
    this.#bySession.set(session, all.add(end));
    return () => {
      all.delete(end);
      if (all.size === 0) this.#bySession.delete(session);
    };
  }

  /** This session has ended. */
  end(session: string): void {
    for (const end of this.#bySession.get(session) ?? []) end();
  }
}
