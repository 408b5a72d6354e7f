import type {ModelAdapter, ModelCommand, ModelEvent, ModelListener, ModelSession} from './model-adapter.ts';

/** What a capture is told about one model session. */
export interface SessionTap {
  opened(): void;
  event(event: ModelEvent): void;
  command(command: ModelCommand): void;
  closed(): void;
}

/** The same model, with what its sessions say and are told shown to `tap`; not the audio that they are given. */
export function capturedModel(adapter: ModelAdapter, tap: () => SessionTap): ModelAdapter {
  return {traits: adapter.traits, open: settings => capturedSession(adapter.open(settings), tap())};
}

function capturedSession(session: ModelSession, tap: SessionTap): ModelSession {
  tap.opened();
  return {
    send(command) {
      tap.command(command);
      session.send(command);
    },
    hear: (bytes, from, to) => session.hear(bytes, from, to),
    setPaused: isPaused => session.setPaused(isPaused),
    onEvent(listener: ModelListener) {
      session.onEvent((event, arrivedAt) => {
        tap.event(event);
        listener(event, arrivedAt);
      });
    },
    [Symbol.asyncDispose]() {
      tap.closed();
      return session[Symbol.asyncDispose]();
    },
  };
}
